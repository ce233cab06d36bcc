// Adapters beside weights stored in 16 bits. The weights here are numbers that bf16 and f16 hold exactly, as those of
// most checkpoints are, so training must come out as the same bits as with f32 weights, in less memory.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { LARGEST_COPY } from "#shared/engine/gpu/device.ts";
import { assertClose, noise, testGpu } from "#shared/engine/gpu/testing.ts";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "#shared/io/half.ts";
import type { Dtype } from "#shared/engine/ops/storage/dtype.ts";
import { parseConfig } from "#shared/engine/model/config.ts";
import { Generator } from "#shared/engine/generation/generate.ts";
import { randomWeights } from "#shared/engine/model/initialise.ts";
import { readTensors } from "#shared/engine/model/save.ts";
import { writeParameter } from "#shared/engine/model/storage.ts";
import { Model } from "#shared/engine/model/weights.ts";
import { LORA_MODULES } from "#shared/schemas/recipe/learning.ts";
import { Learner } from "./learner.ts";
import { Optimizer } from "./optimizer.ts";
import { Lora } from "#shared/engine/lora/lora.ts";
import { loadAdapters, saveAdapters } from "#shared/engine/lora/peft.ts";

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

/** Eight bits of a mantissa, small numbers as far as f16 goes. */
const exactIn16Bits = (data: Float32Array) => f16ToF32(f32ToF16(bf16ToF32(f32ToBf16(data))));
const gpu = await testGpu();
const TYPES = gpu.device.features.has("shader-f16")
  ? ["float32", "bfloat16", "float16"] as const
  : ["float32", "bfloat16"] as const;

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

function setUp(family: string, dtype: Dtype, gradient_checkpointing = false, vocabulary = 67) {
  const before = gpu.liveBytes;
  const model = new Model(gpu, config(family, vocabulary), dtype);
  const weights = randomWeights(model.config, 3);
  for (const parameter of model.parameters()) {
    const data = weights.get(parameter.name)!;
    writeParameter(gpu, parameter, parameter.rows > 1 ? exactIn16Bits(data) : noise(data.length, 1));
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

describe("adapters beside weights in 16 bits", () => {
  for (const name of ["llama", "qwen2", "qwen3"]) {
    for (const checkpointing of [false, true]) {
      it(`train as beside f32 weights, bit for bit (${name}${checkpointing ? ", checkpointing" : ""})`, async () => {
        const results = [];
        for (const dtype of TYPES) {
          const { model, lora, learner, destroy } = setUp(name, dtype, checkpointing);
          const adamw = new Optimizer(lora, learner.gradients.buffers, optimizer);
          const steps = [];
          for (let step = 0; step < 3; step++) {
            const scores = await learner.forward(batch);
            await learner.backward(scores, coefficients);
            steps.push(scores, await adamw.step(1e-3));
            lora.merge();
          }
          results.push({ steps, state: await adamw.state(), merged: await readTensors(model) });
          adamw.destroy();
          destroy();
        }
        for (const stored of results.slice(1)) assert.deepEqual(stored, results[0]);
      });
    }
  }

  it("give the same log-prob bits and gradients within 1e-5 when the vocabulary is bound in other parts", async () => {
    const results = [];
    const limit = gpu.bindingBytes;
    gpu.bindingBytes = 64 * 1024; // 512 of 704 rows in f32, all in 16 bits
    for (const dtype of TYPES) {
      const { learner, destroy } = setUp("qwen2", dtype, false, 700);
      const scores = await learner.forward(batch);
      await learner.backward(scores, coefficients);
      results.push({ scores, gradients: await learner.readGradients() });
      destroy();
    }
    gpu.bindingBytes = limit;
    const [exact, ...others] = results;
    for (const { scores, gradients } of others) {
      assert.deepEqual(scores, exact!.scores);
      for (const [i, { name, data }] of exact!.gradients.entries()) {
        const error = Math.hypot(...data.map((g, at) => g - gradients[i]!.data[at]!));
        const size = Math.hypot(...data);
        assert.ok(size > 0 && error < 1e-5 * size, `gradient of ${name}: error ${error} of ${size}`);
      }
    }
  });

  for (const [family, largestCopy] of [["qwen3", LARGEST_COPY], ["qwen3", 0], ["qwen2", 0]] as const) {
    const how = largestCopy > 0 ? "small" : "large";
    it(`sample with the log-probs that the learner computes (${family} decoded as a ${how} model)`, async () => {
      const { model, learner, destroy } = setUp(family, "bfloat16");
      gpu.largestCopy = largestCopy;
      const generator = new Generator(model);
      const prompt_ids = [3, 9, 4];
      const options = { max_tokens: 12, temperature: 1, greedy: false, seed: 1, eos_ids: [] };
      const [samples] = await generator.generate([{ prompt_ids, samples: 2, key: [0, 0] }], options);
      const sequences = samples!.map(({ ids }) => ({ ids: [...prompt_ids, ...ids], prompt_length: 3 }));
      gpu.largestCopy = LARGEST_COPY;
      const { logprobs } = await learner.forward(sequences);
      for (const [i, { logprobs: sampled }] of samples!.entries()) assertClose(logprobs[i]!, sampled, 1e-5);
      generator.destroy();
      destroy();
    });
  }

  it("need no frozen copy: 2 bytes a weight instead of 8, and one unpacked matrix", () => {
    const [exact, stored] = [setUp("llama", "float32"), setUp("llama", "bfloat16")];
    const matrices = exact.model.parameters().filter(({ rows }) => rows > 1);
    const numbers = (tables: boolean) =>
      matrices.filter(({ name }) => /^(embed_tokens|lm_head)$/.test(name) === tables)
        .reduce((sum, { rows, cols }) => sum + rows * cols, 0);
    const saved = exact.bytes - stored.bytes + stored.model.unpacked!.size;
    assert.equal(saved, 6 * numbers(false) + 2 * numbers(true)); // tables have no adapters, so no copy either way
    exact.destroy();
    stored.destroy();
  });

  it("go to PEFT's files and back", async () => {
    const directory = mkdtempSync(join(tmpdir(), "ghpo-lora-bf16-"));
    const first = setUp("qwen2", "bfloat16");
    await saveAdapters(first.lora, directory, "base");
    const second = setUp("qwen2", "bfloat16");
    second.lora.parameters().forEach(({ buffer }) =>
      second.gpu.write(buffer, new Float32Array(buffer.size / 4))
    );
    loadAdapters(second.lora, directory);
    assert.deepEqual(await readTensors(second.model), await readTensors(first.model));
    rmSync(directory, { recursive: true });
    first.destroy();
    second.destroy();
  });

  it("are needed: bf16 weights cannot be trained themselves", () => {
    const { model, destroy } = setUp("llama", "bfloat16");
    assert.throws(() => new Learner(model, { micro_batch_tokens: 32, temperature: 1 }), {
      message: "Cannot train all weights as they must be stored as float32, in which small updates add up: " +
        "current type is bfloat16",
    });
    destroy();
  });
});
