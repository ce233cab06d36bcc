import { describe, it } from "node:test";
import assert from "node:assert/strict";
import fixture from "./fixtures/objective.json" with { type: "json" };
import type { LossOptions, Sequence } from "./losses/types.ts";
import { LOSSES } from "./losses/index.ts";
import { objective } from "./objective.ts";

const lossOf = (loss_type: string) => LOSSES.find(({ name }) => name === loss_type)!;
const options: LossOptions = {
  epsilon: 0.2,
  epsilon_high: null,
  delta: null,
  beta: 0,
  max_completion_length: 12,
};

const sequences: Sequence[] = fixture.logprobs.map((logprobs, i) => ({
  logprobs,
  oldLogprobs: fixture.old_logprobs[i]!,
  referenceLogprobs: fixture.reference_logprobs[i]!,
  advantage: fixture.advantages[i]!,
}));

const countTokens = (batch: readonly Sequence[]) => batch.reduce((sum, s) => sum + s.logprobs.length, 0);

describe("objective()", () => {
  for (const expected of fixture.cases) {
    it(`equals TRL's loss and autograd's gradient: ${expected.name}`, () => {
      const o: LossOptions = {
        ...options,
        epsilon_high: expected.epsilon_high,
        delta: expected.delta,
        beta: expected.beta,
      };
      const size = sequences.length / expected.micro_batches;
      let loss = 0;
      const coefficients: Float32Array[] = [];
      for (let start = 0; start < sequences.length; start += size) {
        const micro = sequences.slice(start, start + size);
        const result = objective(micro, lossOf(expected.loss_type), o, {
          sequences: sequences.length,
          tokens: countTokens(sequences),
          microBatches: expected.micro_batches,
          microTokens: countTokens(micro),
        });
        loss += result.loss;
        coefficients.push(...result.coefficients);
        if (expected.micro_batches === 1) {
          const { count, low, high, kl, klTokens } = result.sums;
          const metrics: Record<string, number> = expected.metrics;
          const cispo = expected.loss_type === "cispo";
          assert.ok(
            Math.abs(high / count - metrics[cispo ? "cispo_clip_ratio" : "clip_ratio/high_mean"]!) < 1e-12,
          );
          if (!cispo) {
            assert.ok(Math.abs(low / count - metrics["clip_ratio/low_mean"]!) < 1e-12);
            assert.ok(low > 0 || expected.loss_type === "gspo", "the fixture must clip on the low side");
            assert.ok(high > 0 || (o.epsilon_high ?? o.delta) !== null || expected.loss_type === "gspo");
          }
          if (o.beta > 0) assert.ok(Math.abs(kl / klTokens - metrics["kl"]!) < 1e-12);
        }
      }
      assert.ok(Math.abs(loss - expected.loss) <= 1e-12 * Math.max(1, Math.abs(expected.loss)));
      assert.ok(relativeError(coefficients, expected.coefficients) < 1e-7); // coefficients are stored as f32
    });
  }

  it("has ratio 1 and the plain policy gradient on the first pass over a batch", () => {
    const onPolicy = { logprobs: [-1, -2], oldLogprobs: [-1, -2], advantage: 2 };
    const { loss, coefficients } = objective([onPolicy], lossOf("grpo"), options, {
      sequences: 4,
      tokens: 8,
      microBatches: 1,
      microTokens: 2,
    });
    assert.equal(loss, -2 / 4);
    assert.deepEqual([...coefficients[0]!], [-0.25, -0.25]);
  });

  it("gives an empty completion no coefficients and no NaN", () => {
    for (const loss_type of ["grpo", "gspo", "bnpo"] as const) {
      const empty = { logprobs: [], oldLogprobs: [], advantage: 1 };
      const norm = { sequences: 1, tokens: 0, microBatches: 1, microTokens: 0 };
      const { loss, coefficients } = objective([empty], lossOf(loss_type), options, norm);
      assert.equal(loss, 0);
      assert.equal(coefficients[0]!.length, 0);
    }
  });

  it("refuses a KL penalty without reference log-probs", () => {
    const norm = { sequences: 1, tokens: 1, microBatches: 1, microTokens: 1 };
    const sequence = { logprobs: [-1], oldLogprobs: [-1], advantage: 1 };
    assert.throws(
      () => objective([sequence], lossOf("grpo"), { ...options, beta: 0.1 }, norm),
      /reference log-probs are missing/,
    );
  });
});

/** L2 norm of the difference over the L2 norm of the expected values. */
function relativeError(actual: readonly ArrayLike<number>[], expected: readonly ArrayLike<number>[]): number {
  let difference = 0;
  let size = 0;
  expected.forEach((row, i) => {
    assert.equal(actual[i]!.length, row.length);
    for (let t = 0; t < row.length; t++) {
      difference += (actual[i]![t]! - row[t]!) ** 2;
      size += row[t]! ** 2;
    }
  });
  return Math.sqrt(difference / size);
}
