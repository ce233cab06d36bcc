// Adapters beside weights stored in bf16. The weights here are numbers that bf16 holds exactly, as those of most
// checkpoints are, so everything must come out as the same bits as with f32 weights, in less memory.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { assertClose, noise, testGpu } from "#shared/gpu/testing.ts";
import { bf16ToF32, f32ToBf16 } from "#shared/io/half.ts";
import type { Dtype } from "#shared/kernels/dtype.ts";
import { parseConfig } from "#shared/model/config.ts";
import { Generator } from "#shared/model/generate.ts";
import { randomWeights } from "#shared/model/initialise.ts";
import { readTensors } from "#shared/model/save.ts";
import { writeParameter } from "#shared/model/storage.ts";
import { Model } from "#shared/model/weights.ts";
import { LORA_MODULES } from "#shared/schemas/recipe.ts";
import { Learner } from "../learner.ts";
import { Optimizer } from "../optimizer.ts";
import { Lora } from "./lora.ts";
import { loadAdapters, saveAdapters } from "./peft.ts";

const batch = [{ ids: [3, 9, 4, 60, 17, 5, 2, 33], prompt_length: 2 }, {
  ids: [8, 9, 50, 2],
  prompt_length: 1,
}];
const coefficients = batch.map(({ ids, prompt_length }, i) => noise(ids.length - prompt_length, 50 + i));
const optimizer = {
  adam_beta1: 0.9,
  adam_beta2: 0.999,
  adam_epsilon: 1e-8,
  weight_decay: 0,
  max_grad_norm: 1,
};

/** 67 rows of the vocabulary fit the slot at once, more than 192 do not. */
const config = (model_type: string, vocab_size: number) =>
  parseConfig({
    model_type,
    hidden_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 8,
    intermediate_size: 96,
    vocab_size,
    tie_word_embeddings: model_type === "qwen2",
  });

async function setUp(family: string, dtype: Dtype, gradient_checkpointing = false, vocabulary = 67) {
  const gpu = await testGpu();
  const before = gpu.liveBytes;
  const model = new Model(gpu, config(family, vocabulary), dtype);
  const weights = randomWeights(model.config, 3);
  for (const parameter of model.parameters()) {
    const data = weights.get(parameter.name)!;
    writeParameter(gpu, parameter, parameter.rows > 1 ? bf16ToF32(f32ToBf16(data)) : noise(data.length, 1));
  }
  const lora = new Lora(model, { r: 4, lora_alpha: 8, target_modules: LORA_MODULES }, 32, 7);
  const bytes = gpu.liveBytes - before;
  lora.parameters().forEach(({ buffer }, i) => gpu.write(buffer, noise(buffer.size / 4, i, 0.05)));
  lora.merge();
  const learner = new Learner(
    model,
    { micro_batch_tokens: 32, temperature: 1, gradient_checkpointing },
    lora,
  );
  return {
    gpu,
    model,
    lora,
    learner,
    bytes,
    destroy: () => [learner, lora, model].forEach((part) => part.destroy()),
  };
}

describe("adapters beside bf16 weights", () => {
  for (const name of ["llama", "qwen2", "qwen3"]) {
    for (const checkpointing of [false, true]) {
      it(`train as beside f32 weights, bit for bit (${name}${checkpointing ? ", checkpointing" : ""})`, async () => {
        const results = [];
        for (const dtype of ["float32", "bfloat16"] as const) {
          const { model, lora, learner, destroy } = await setUp(name, dtype, checkpointing);
          const adamw = new Optimizer(lora, learner.gradients.buffers, optimizer);
          const steps = [];
          for (let step = 0; step < 3; step++) {
            const scores = await learner.forward(batch);
            await learner.backward(coefficients);
            steps.push(scores, await adamw.step(1e-3));
            lora.merge();
          }
          results.push({ steps, state: await adamw.state(), merged: await readTensors(model) });
          adamw.destroy();
          destroy();
        }
        assert.deepEqual(results[1], results[0]);
      });
    }
  }

  it("give the same log-prob bits and gradients within 1e-5 when the vocabulary is unpacked in parts", async () => {
    const results = [];
    for (const dtype of ["float32", "bfloat16"] as const) {
      const { learner, destroy } = await setUp("qwen2", dtype, false, 700);
      const scores = await learner.forward(batch);
      await learner.backward(coefficients);
      results.push({ scores, gradients: await learner.readGradients() });
      destroy();
    }
    const [exact, stored] = results;
    assert.deepEqual(stored!.scores, exact!.scores);
    for (const [i, { name, data }] of exact!.gradients.entries()) {
      const error = Math.hypot(...data.map((g, at) => g - stored!.gradients[i]!.data[at]!));
      const size = Math.hypot(...data);
      assert.ok(size > 0 && error < 1e-5 * size, `gradient of ${name}: error ${error} of ${size}`);
    }
  });

  it("sample with the log-probs that the learner computes", async () => {
    const { model, learner, destroy } = await setUp("qwen3", "bfloat16");
    const generator = new Generator(model);
    const prompt_ids = [3, 9, 4];
    const options = { max_tokens: 12, temperature: 1, greedy: false, seed: 1, eos_ids: [] };
    const [samples] = await generator.generate([{ prompt_ids, samples: 2, key: [0, 0] }], options);
    const sequences = samples!.map(({ ids }) => ({ ids: [...prompt_ids, ...ids], prompt_length: 3 }));
    const { logprobs } = await learner.forward(sequences);
    for (const [i, { logprobs: sampled }] of samples!.entries()) assertClose(logprobs[i]!, sampled, 1e-5);
    generator.destroy();
    destroy();
  });

  it("need no frozen copy: 2 bytes a weight instead of 8, and one unpacked matrix", async () => {
    const [exact, stored] = [await setUp("llama", "float32"), await setUp("llama", "bfloat16")];
    const matrices = exact.model.parameters().filter(({ rows }) => rows > 1);
    const numbers = (tables: boolean) =>
      matrices.filter(({ name }) => /^(embed_tokens|lm_head)$/.test(name) === tables)
        .reduce((sum, { rows, cols }) => sum + rows * cols, 0);
    const saved = exact.bytes - stored.bytes + stored.model.slot!.size;
    assert.equal(saved, 6 * numbers(false) + 2 * numbers(true)); // tables have no adapters, so no copy either way
    exact.destroy();
    stored.destroy();
  });

  it("go to PEFT's files and back", async () => {
    const directory = mkdtempSync(join(tmpdir(), "ghpo-lora-bf16-"));
    const first = await setUp("qwen2", "bfloat16");
    await saveAdapters(first.lora, directory, "base");
    const second = await setUp("qwen2", "bfloat16");
    second.lora.parameters().forEach(({ buffer }) =>
      second.gpu.write(buffer, new Float32Array(buffer.size / 4))
    );
    loadAdapters(second.lora, directory);
    assert.deepEqual(await readTensors(second.model), await readTensors(first.model));
    rmSync(directory, { recursive: true });
    first.destroy();
    second.destroy();
  });

  it("are needed: bf16 weights cannot be trained themselves", async () => {
    const { model, destroy } = await setUp("llama", "bfloat16");
    assert.throws(() => new Learner(model, { micro_batch_tokens: 32, temperature: 1 }), {
      message: "Cannot train all weights as they must be stored as float32, in which small updates add up: " +
        "current type is bfloat16",
    });
    destroy();
  });
});
