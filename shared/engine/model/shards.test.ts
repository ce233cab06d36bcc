import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { testGpu } from "#shared/engine/gpu/testing.ts";
import { parseConfig } from "./config.ts";
import { forwardLogProbs } from "#shared/engine/forward/testing.ts";
import { Generator } from "#shared/engine/generation/generate.ts";
import { randomModel } from "./initialise.ts";
import { rowShards } from "./shards.ts";

const config = parseConfig({
  model_type: "llama",
  hidden_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 20,
  vocab_size: 2000,
  tie_word_embeddings: true,
});
const ids = [1999, 3, 700, 1100, 64, 63];

/** The same small workload under whatever binding limit the GPU has now: log-probs and a completion. */
async function outcome() {
  const gpu = await testGpu();
  const model = randomModel(gpu, config, 5);
  const shards = rowShards(gpu, model.head).map(({ first, count }) => [first, count]);
  const generator = new Generator(model);
  const logProbs = await forwardLogProbs(model, ids, Uint32Array.from(ids.keys()), Uint32Array.from(ids));
  const completions = await generator.generate([{ prompt_ids: ids, samples: 2, key: [0, 0] }], {
    max_tokens: 6,
    temperature: 1,
    greedy: false,
    seed: 1,
    eos_ids: [],
  });
  generator.destroy();
  model.destroy();
  return { shards, logProbs, completions };
}

describe("rowShards()", () => {
  it("binds a vocabulary in parts without changing a bit", async () => {
    const gpu = await testGpu();
    const whole = await outcome();
    assert.deepEqual(whole.shards, [[0, 2000]]);
    const limit = gpu.bindingBytes;
    gpu.bindingBytes = 50_000; // 781 rows of 64 bytes, rounded down to a multiple of 64
    try {
      const { shards, ...rest } = await outcome();
      assert.deepEqual(shards, [[0, 768], [768, 768], [1536, 464]]);
      assert.deepEqual(rest, { logProbs: whole.logProbs, completions: whole.completions });
      gpu.bindingBytes = 4000;
      const model = randomModel(gpu, config, 5);
      assert.throws(() => rowShards(gpu, model.head), {
        message:
          "Cannot bind embed_tokens as 64 of its rows must fit into 4000 bytes: current size is 4096 bytes",
      });
      model.destroy();
    } finally {
      gpu.bindingBytes = limit;
    }
  });
});
