// The engine against PyTorch: log-probs, every parameter's gradient of the GRPO loss, ten optimizer steps.
// The fixtures come from fixtures.py, which says how to make them again.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { assertClose, testGpu } from "#shared/engine/gpu/testing.ts";
import { SafetensorsFile } from "#shared/io/safetensors.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import { grpo as grpoLoss } from "../ghpo/losses/grpo.ts";
import type { Sequence } from "../ghpo/losses/types.ts";
import { objective } from "../ghpo/objective.ts";
import { Learner, type Scores } from "../learner/learner.ts";
import { Optimizer } from "../learner/optimizer.ts";
import { fixture, MODEL_FIXTURES } from "#shared/engine/model/testing.ts";

interface Case {
  temperature: number;
  beta: number;
  prompt_lengths: number[];
  ids: number[][];
  advantages: number[];
  epsilon: number;
  epsilon_high: number;
  old_logprobs: number[][];
  reference_logprobs: number[][];
  logprobs: number[][];
  clipped: { low: number; high: number };
  max_norm: number;
  beta1: number;
  beta2: number;
  adam_epsilon: number;
  weight_decay: number;
  learning_rates: number[];
  losses: number[];
  grad_norms: number[];
}

const FIXTURES = `${import.meta.dirname}/fixtures`;
/** The sequences have 116 tokens together, the longest 51: one micro-batch, or two of which the backward runs again. */
const MICRO_BATCHES = [512, 60];

async function setUp(name: string, microBatchTokens: number) {
  const expected = JSON.parse(readFileSync(join(FIXTURES, name, "case.json"), "utf8")) as Case;
  const model = loadModel(await testGpu(), fixture(name));
  const settings = { micro_batch_tokens: microBatchTokens, temperature: expected.temperature };
  const learner = new Learner(model, settings);
  const batch = expected.ids.map((ids, i) => ({ ids, prompt_length: expected.prompt_lengths[i]! }));
  return { expected, model, learner, batch };
}

function grpo(expected: Case, scores: Scores) {
  const { epsilon, epsilon_high, beta } = expected;
  const options = {
    epsilon,
    epsilon_high,
    delta: null,
    beta,
    max_completion_length: 32,
  };
  const sequences = scores.logprobs.map((logprobs, i): Sequence => ({
    logprobs,
    oldLogprobs: expected.old_logprobs[i]!,
    referenceLogprobs: expected.reference_logprobs[i]!,
    advantage: expected.advantages[i]!,
  }));
  const tokens = scores.logprobs.reduce((sum, own) => sum + own.length, 0);
  const norm = { sequences: sequences.length, tokens, microBatches: 1, microTokens: tokens };
  return objective(sequences, grpoLoss, options, norm);
}

function relativeError(actual: Float32Array, expected: Float32Array): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    size += expected[i]! ** 2;
  }
  return Math.sqrt(difference / size);
}

for (
  const name of MODEL_FIXTURES
) {
  describe(`parity of ${name} with PyTorch`, () => {
    for (const microBatchTokens of MICRO_BATCHES) {
      const where = `micro-batches of ${microBatchTokens} tokens`;

      it(`has the same log-probs and gradients with ${where}`, async () => {
        const { expected, model, learner, batch } = await setUp(name, microBatchTokens);
        const pass = await learner.forward(batch);
        assertClose(pass.logprobs.flatMap((own) => [...own]), expected.logprobs.flat(), 1e-5, "log-probs");
        const { coefficients, sums, loss } = grpo(expected, pass);
        assert.deepEqual({ low: sums.low, high: sums.high }, expected.clipped);
        assert.ok(sums.low > 0 && sums.high > 0, "both clip sides act");
        assertClose([loss / expected.losses[0]!], [1], 1e-4, "loss over its reference");
        await learner.backward(pass, coefficients);

        const file = new SafetensorsFile(join(FIXTURES, name, "gradients.safetensors"));
        const gradients = await learner.readGradients();
        assert.deepEqual(gradients.map((g) => g.name).sort(), [...file.tensors.keys()].sort());
        for (const { name, shape, data } of gradients) {
          const error = relativeError(data, file.read(name, shape));
          assert.ok(error <= 1e-4, `gradient of ${name}: relative L2 error is ${error}`);
        }
        file.close();
        learner.destroy();
        model.destroy();
      });
    }

    it("makes the same ten AdamW steps with clipping and schedule", async () => {
      const { expected, model, learner, batch } = await setUp(name, 512);
      const optimizer = new Optimizer(model, learner.gradients.buffers, {
        adam_beta1: expected.beta1,
        adam_beta2: expected.beta2,
        adam_epsilon: expected.adam_epsilon,
        weight_decay: expected.weight_decay,
        max_grad_norm: expected.max_norm,
      });
      for (const [step, learningRate] of expected.learning_rates.entries()) {
        const pass = await learner.forward(batch);
        const { loss, coefficients } = grpo(expected, pass);
        assertClose([loss / expected.losses[step]!], [1], 1e-4, `loss of step ${step} over its reference`);
        await learner.backward(pass, coefficients);
        const { grad_norm } = await optimizer.step(learningRate);
        assertClose([grad_norm / expected.grad_norms[step]!], [1], 1e-4, `gradient norm of step ${step}`);
      }
      optimizer.destroy();
      learner.destroy();
      model.destroy();
    });
  });
}
