// What sequences begin with in common, computed once: the same log-prob bits and the same gradients as when each is
// computed by itself, in every way to train and whatever the micro-batches.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { noise, testGpu } from "#shared/engine/gpu/testing.ts";
import type { Gpu, Products } from "#shared/engine/gpu/device.ts";
import { Lora } from "#shared/engine/lora/lora.ts";
import { randomModel } from "#shared/engine/model/initialise.ts";
import { loadConfig } from "#shared/engine/model/load.ts";
import type { Dtype } from "#shared/engine/ops/storage/dtype.ts";
import { LORA_MODULES } from "#shared/schemas/recipe/learning.ts";
import { Learner, type LearnerSettings } from "./learner.ts";
import { fixture } from "#shared/engine/model/testing.ts";

const run = (length: number, seed: number) =>
  Array.from(noise(length, seed), (u) => Math.floor((u + 1) * 33));

/** Two questions: completions of the plain prompt, of a longer prompt that begins with it, and a stranger. */
const [system, first, second, hint] = [run(9, 1), run(21, 2), run(14, 3), run(10, 4)];
const sequences = [
  ...[5, 8, 1, 8].map((length, i) => sequence([...system, ...first], run(length, 10 + i))),
  sequence([...system, ...first], run(8, 13)), // equal to the one before
  ...[6, 3].map((length, i) => sequence([...system, ...first, ...hint], run(length, 20 + i))),
  ...[12, 9].map((length, i) => sequence([...system, ...second], run(length, 30 + i))),
  sequence(run(3, 5), run(7, 40)),
];
const coefficients = sequences.map(({ ids, prompt_length }, i) => noise(ids.length - prompt_length, 50 + i));

function sequence(prompt: number[], completion: number[]) {
  return { ids: [...prompt, ...completion], prompt_length: prompt.length };
}

interface Way {
  model: string;
  settings?: Partial<LearnerSettings>;
  lora?: boolean;
  weights?: Dtype;
  products?: Products;
}

async function learn(
  gpu: Gpu,
  { model: name, settings, lora: low, weights }: Way,
  share: boolean,
  tokens: number,
) {
  const config = loadConfig(fixture(name));
  const model = randomModel(gpu, config, 5, weights);
  const reference = randomModel(gpu, config, 6, weights);
  const lora = low
    ? new Lora(model, { r: 4, lora_alpha: 8, target_modules: LORA_MODULES }, tokens, 7)
    : undefined;
  for (const [i, { buffer }] of (lora?.parameters() ?? []).entries()) {
    gpu.write(buffer, noise(buffer.size / 4, i, 0.2)); // B is zero at first and would hide half of the gradients
  }
  lora?.merge();
  const all = { micro_batch_tokens: tokens, temperature: 0.9, share_prefixes: share, ...settings };
  const learner = new Learner(model, all, lora);
  const referenced = await learner.score(reference, sequences);
  const pass = await learner.forward(sequences);
  await learner.backward(pass, coefficients);
  const gradients = await learner.readGradients();
  for (const part of [learner, lora, reference, model]) part?.destroy();
  return { scores: pass, referenced, gradients };
}

const WAYS: Record<string, Way> = {
  "all weights": { model: "llama" },
  "biases": { model: "qwen2" },
  "q/k norm": { model: "qwen3" },
  "gradient checkpointing": { model: "qwen3", settings: { gradient_checkpointing: true } },
  "bf16 activations": { model: "qwen3", settings: { activations_dtype: "bfloat16" } },
  "LoRA": { model: "qwen2", lora: true },
  "LoRA on bf16 weights": { model: "qwen2", lora: true, weights: "bfloat16" },
  "workgroup products": { model: "llama", products: "workgroup" },
  "portable products": { model: "llama", products: "base" },
};

describe("shared prefixes", () => {
  for (const [name, way] of Object.entries(WAYS)) {
    for (const subgroups of [true, false]) {
      const kernels = subgroups ? "" : ", portable attention";
      it(`give the same bits and gradients: ${name}${kernels}`, { timeout: 60_000 }, async () => {
        const gpu = await testGpu();
        const { subgroups8, chosen } = gpu;
        gpu.chosen = way.products ?? gpu.products;
        gpu.subgroups8 &&= subgroups;
        const apart = await learn(gpu, way, false, 400);
        for (const tokens of [400, 90, 52]) { // 40 of them are the longest prompt
          const together = await learn(gpu, way, true, tokens);
          assert.deepEqual(together.scores, apart.scores);
          assert.deepEqual(together.referenced, apart.referenced);
          for (const [i, { name: tensor, data }] of apart.gradients.entries()) {
            const own = together.gradients[i]!.data;
            const error = Math.hypot(...data.map((g, j) => g - own[j]!)) / Math.hypot(...data);
            assert.ok(error <= 1e-5, `gradient of ${tensor}: relative L2 error is ${error}`);
          }
        }
        gpu.subgroups8 = subgroups8;
        gpu.chosen = chosen;
      });
    }
  }
});
