// What a run really takes, for the test and the bench of the plan. Buffers are counted at the device, so this shares
// nothing with the planner.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inMicroBatches } from "#shared/engine/backward/micro_batches.ts";
import type { Gpu } from "#shared/engine/gpu/device.ts";
import { type ModelConfig, parseConfig } from "#shared/engine/model/config.ts";
import { randomModel } from "#shared/engine/model/initialise.ts";
import { EnginePolicy } from "../learner/gpu_policy.ts";
import type { PlanSettings } from "./settings.ts";
import { tinyTokenizer } from "../loop/testing.ts";

/** A Qwen2.5 model as its config.json describes it. */
export const qwen2 = (
  hidden: number,
  inner: number,
  layers: number,
  heads: number,
  kvHeads: number,
  vocab: number,
) =>
  parseConfig({
    model_type: "qwen2",
    hidden_size: hidden,
    intermediate_size: inner,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    vocab_size: vocab,
    max_position_embeddings: 32768,
    tie_word_embeddings: hidden < 3584,
    rope_theta: 1e6,
    eos_token_id: 151645,
  });
export const QWEN25: Record<string, ModelConfig> = {
  "Qwen2.5-0.5B": qwen2(896, 4864, 24, 14, 2, 151936),
  "Qwen2.5-1.5B": qwen2(1536, 8960, 28, 12, 2, 151936),
  "Qwen2.5-7B": qwen2(3584, 18944, 28, 28, 4, 152064),
};

/** Bytes in live buffers at their peak, counted at the device, wherever they are created and destroyed. */
function countPeak(device: GPUDevice) {
  const original = device.createBuffer;
  let live = 0;
  const counter = { peak: 0, restore: () => device.createBuffer = original };
  device.createBuffer = function (descriptor) {
    const buffer = original.call(device, descriptor);
    live += descriptor.size;
    counter.peak = Math.max(counter.peak, live);
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      live -= descriptor.size;
      return destroy();
    };
    return buffer;
  };
  return counter;
}

/**
 * One rollout, one update and one checkpoint, with lengths at the bounds of the plan.
 * @param onPeak called while everything is allocated
 * @returns the largest number of bytes in live buffers
 */
export async function measurePlan(
  gpu: Gpu,
  { config, ...settings }: PlanSettings,
  onPeak: () => void = () => {},
): Promise<number> {
  const counter = countPeak(gpu.device);
  const { prompts, samples, prompt_tokens, completion_tokens, rows, evaluated } = settings.generation;
  const policy = new EnginePolicy(
    randomModel(gpu, config, 1, settings.weights_dtype),
    settings.reference ? randomModel(gpu, config, 1, settings.weights_dtype) : null,
    tinyTokenizer,
    {
      model: "none",
      learner: { ...settings, temperature: 1 },
      optimizer: { adam_beta1: 0.9, adam_beta2: 0.99, adam_epsilon: 1e-8, weight_decay: 0, max_grad_norm: 1 },
      rows,
      ...(settings.lora && { lora: { ...settings.lora, seed: 1 } }),
    },
  );
  // No two begin alike: what prompts have in common is computed once.
  const promptOf = (index: number) => Array.from({ length: prompt_tokens }, (_, i) => (i + 7 * index) % 500);
  const requests = Array.from({ length: Math.max(prompts, evaluated) }, (_, i) => ({
    prompt_ids: promptOf(i),
    samples,
    key: [0, i] as [number, number],
  }));
  const options = { max_tokens: completion_tokens, temperature: 1, greedy: false, seed: 1, eos_ids: [] };
  let groups = await policy.generate(requests, options);
  if (settings.generation.extends) {
    const half = prompt_tokens >> 1;
    const next = requests.map((each) => {
      return { ...each, prompt_ids: each.prompt_ids.map((id, at) => at < half ? id : id + 1) };
    });
    groups = await policy.generate(next, { ...options, extend: true });
  }
  const sequences = groups.flatMap((group, i) =>
    group.map(({ ids }) => ({ ids: [...promptOf(i), ...Array.from(ids)], prompt_length: prompt_tokens }))
  );
  const [batch = []] = inMicroBatches(sequences, settings.micro_batch_tokens);
  const pass = await policy.forward(batch);
  await policy.backward(pass, pass.logprobs.map((own) => own.map(() => -1)));
  await policy.step(1e-3);
  const folder = mkdtempSync(join(tmpdir(), "ghpo-plan-"));
  await policy.saveModel(folder);
  await policy.saveOptimizer(folder);
  rmSync(folder, { recursive: true });
  onPeak();
  counter.restore();
  policy.destroy();
  return counter.peak;
}
