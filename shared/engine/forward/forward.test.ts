// Parity with transformers on the committed checkpoints: see fixtures/make_fixtures.py.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readJson } from "#shared/io/files.ts";
import { run, testGpu } from "#shared/engine/gpu/testing.ts";
import { Activations } from "./activations.ts";
import { pack } from "./packing.ts";
import { forward } from "./forward.ts";
import { Head } from "./head.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import type { Model } from "#shared/engine/model/weights.ts";
import { fixture, MODEL_FIXTURES } from "#shared/engine/model/testing.ts";

interface Sequence {
  ids: number[];
  logits: number[];
  log_probs_of_next: number[];
  entropy: number[];
}

interface Stories {
  greedy_ids: number[];
  logits_row0_first16: number[];
  logits_row31_first16: number[];
  logprob_of_next: number[];
}

/** Logits (vocab a token), log-probability of the next token and entropy at every position of the batch. */
async function everything(model: Model, sequences: number[][], save: boolean, share = false) {
  const { gpu, config } = model;
  const batch = pack(sequences, share);
  const activations = new Activations(gpu, config, batch.tokens + 3, { save });
  const head = new Head(gpu, config, batch.tokens + 3);
  activations.load(batch);
  const rows = Uint32Array.from({ length: batch.tokens }, (_, i) => i);
  head.load(rows, rows.map((i) => batch.ids[i + 1] ?? 0)); // across a border the target is ignored below
  await run((recorder) => {
    forward(recorder, model, activations);
    head.forward(recorder, model, activations.x, 1);
  });
  const stride = model.head.rows;
  const padded = await gpu.readFloats(head.logits, batch.tokens * stride);
  const result = {
    logits: padded.filter((_, i) => i % stride < config.vocab_size),
    logProbs: (await gpu.readFloats(head.logProb, batch.tokens)).filter((_, i) =>
      batch.segments.every(({ first, tokens }) => i + 1 !== first + tokens)
    ),
    entropy: await gpu.readFloats(head.entropy, batch.tokens),
  };
  activations.destroy();
  head.destroy();
  return result;
}

function assertWithin(actual: Float32Array, expected: number[], bound: number, what: string): void {
  assert.equal(actual.length, expected.length, what);
  const worst = expected.reduce((max, value, i) => Math.max(max, Math.abs(value - actual[i]!)), 0);
  assert.ok(worst <= bound, `${what}: largest absolute error is ${worst}`);
}

describe("forward", () => {
  for (
    const name of MODEL_FIXTURES
  ) {
    for (const save of [false, true]) {
      it(`equals transformers on ${name}${save ? ", activations kept" : ""}`, async () => {
        const gpu = await testGpu();
        const before = gpu.liveBytes;
        const { sequences } = readJson(`${fixture(name)}/reference.json`) as { sequences: Sequence[] };
        const model = loadModel(gpu, fixture(name));
        const result = await everything(model, sequences.map(({ ids }) => ids), save);
        assertWithin(result.logits, sequences.flatMap(({ logits }) => logits), 1e-4, "logits");
        const next = sequences.flatMap(({ log_probs_of_next }) => log_probs_of_next);
        assertWithin(result.logProbs, next, 1e-4, "log-probs");
        assertWithin(result.entropy, sequences.flatMap(({ entropy }) => entropy), 1e-4, "entropy");
        model.destroy();
        assert.equal(gpu.liveBytes, before, "every buffer is released");
      });
    }
  }

  for (const name of ["llama", "qwen3"]) {
    it(`gives every token of a tree the bits that it has in a sequence of its own (${name})`, async () => {
      const model = loadModel(await testGpu(), fixture(name));
      const ids = (count: number, seed: number) =>
        Array.from({ length: count }, (_, i) => (i * seed + 3 * seed) % 60);
      const [question, hint, other] = [ids(19, 7), ids(11, 11), ids(9, 5)];
      const sequences = [
        [...question, ...ids(5, 13)],
        [...question, ...ids(8, 17)],
        [...question, ...hint, ...ids(1, 19)],
        [...question, ...hint, ...ids(6, 23)],
        [...other, ...ids(3, 29)],
        question.slice(0, 4),
      ];
      const apart = await everything(model, sequences, false);
      const together = await everything(model, sequences, false, true);
      const { tokens, rows } = pack(sequences);
      assert.equal(tokens, 19 + 5 + 8 + 11 + 1 + 6 + 12);
      const vocab = model.config.vocab_size;
      let at = 0;
      for (const row of rows.flatMap((own) => [...own])) {
        const [own, expected] = [row * vocab, at];
        assert.deepEqual(
          together.logits.subarray(own, own + vocab),
          apart.logits.subarray(expected, expected + vocab),
          `logits of row ${row}`,
        );
        at += vocab;
      }
      model.destroy();
    });
  }

  it("gives a sequence the same bits alone and packed with others", async () => {
    const model = loadModel(await testGpu(), fixture("qwen3"));
    const ids = [5, 9, 44, 3, 3, 18, 60];
    const alone = await everything(model, [ids], false);
    const packed = await everything(model, [[8, 7, 6], ids, [4]], false);
    const vocab = model.config.vocab_size;
    assert.deepEqual(packed.logits.subarray(3 * vocab, 10 * vocab), alone.logits);
    model.destroy();
  });

  const stories = `${
    process.env.GHPO_SHARED ?? `${import.meta.dirname}/../../../../shared`
  }/models/stories260k`;
  const skip = existsSync(stories) ? false : `${stories} is absent`;
  it("equals transformers on stories260K", { skip }, async () => {
    const reference = readJson(`${stories}/reference.json`) as Stories;
    const model = loadModel(await testGpu(), stories);
    const { logits, logProbs } = await everything(model, [reference.greedy_ids.slice(0, 32)], false);
    assertWithin(logits.subarray(0, 16), reference.logits_row0_first16, 1e-4, "logits of row 0");
    assertWithin(
      logits.subarray(31 * 512, 31 * 512 + 16),
      reference.logits_row31_first16,
      1e-4,
      "logits of row 31",
    );
    assertWithin(logProbs, reference.logprob_of_next, 1e-4, "log-probs");
    model.destroy();
  });

  it("refuses a batch that does not fit", async () => {
    const model = loadModel(await testGpu(), fixture("qwen2"));
    const activations = new Activations(model.gpu, model.config, 4, { save: false });
    assert.throws(() => activations.load(pack([[1, 2, 3], [4, 5]])), {
      message: "Cannot run a batch as the activations hold 4 tokens: current batch has 5",
    });
    activations.destroy();
    model.destroy();
  });
});
