// What a run allocates: its model, adapters, learner, optimizer and generator are made on a GPU that only counts
// (shared/engine/gpu/counting_gpu.ts) and take one step there, with lengths at the recipe's bounds.

import { type CountedBuffer, countingGpu, type Limits } from "#shared/engine/gpu/counting_gpu.ts";
import { Lora } from "#shared/engine/lora/lora.ts";
import { PART_BYTES } from "#shared/engine/gpu/readback.ts";
import { BLOCK } from "#shared/engine/model/storage.ts";
import { Model } from "#shared/engine/model/weights.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { EnginePolicy } from "../learner/gpu_policy.ts";
import type { PlanSettings } from "./settings.ts";

/** Adam's numbers decide nothing here. */
const OPTIMIZER = { adam_beta1: 0, adam_beta2: 0, adam_epsilon: 1, weight_decay: 0, max_grad_norm: 1 };
/** The phases that a micro-batch's size makes no difference to. */
export const GENERATION = "generation";
export const SAVING = "saving";
const EOS = 0; // what the counting GPU samples: every completion ends at once

/**
 * The buffers at the end of a step, when there are most.
 * @param sampled what sampling and saving take where that is known already: it does not depend on the micro-batch
 */
export async function allocations(
  settings: PlanSettings,
  limits: Limits,
  sampled?: readonly CountedBuffer[],
): Promise<CountedBuffer[]> {
  const { config, generation, lora, weights_dtype: dtype } = settings;
  const { gpu, begin, live } = countingGpu(limits);
  begin("model");
  const model = new Model(gpu, config, dtype);
  begin("reference");
  const reference = settings.reference ? new Model(gpu, config, dtype) : null;
  if (reference && settings.adapter && lora && dtype !== "float32") new Lora(reference, lora, 1, null);
  begin("training");
  const noText = null as unknown as Tokenizer; // nothing here reads or writes any
  const policy = new EnginePolicy(model, reference, noText, {
    model: "",
    learner: { ...settings, temperature: 1 },
    optimizer: OPTIMIZER,
    rows: generation.rows,
    ...(lora && { lora: { ...lora, seed: null, adapter: null } }),
  });
  if (sampled !== undefined) return [...live(), ...sampled]; // an update allocates nothing more
  begin(GENERATION);
  await sampleOnce(policy, settings, generation.prompts, generation.samples);
  await sampleOnce(policy, settings, generation.evaluated, 1);
  begin("training");
  const pass = await policy.forward(sequences(settings));
  await policy.backward(pass, pass.logprobs.map((own) => own.map(() => 1)));
  await policy.step(0);
  begin(SAVING);
  for (const { buffer, dtype, rows, cols, sources } of model.parameters()) {
    const unpacked = sources.some(({ name }) => model.adapters.has(name));
    const bytes = dtype === "float32" || unpacked ? rows * cols * 4 : Math.min(rows * cols, BLOCK) * 2;
    await gpu.read(buffer, 0, Math.min(bytes, PART_BYTES));
  }
  return live();
}

/** More prompts than rows only wait; that none begins as another keeps them from sharing anything. */
async function sampleOnce(
  policy: EnginePolicy,
  { config, generation }: PlanSettings,
  prompts: number,
  samples: number,
): Promise<void> {
  const { prompt_tokens, completion_tokens, rows } = generation;
  const requests = Array.from({ length: Math.min(prompts, rows) }, (_, i) => ({
    prompt_ids: tokens(prompt_tokens, i % config.vocab_size),
    samples,
    key: [0, i] as [number, number],
  }));
  const options = { max_tokens: completion_tokens, temperature: 1, greedy: false, seed: 0, eos_ids: [EOS] };
  await policy.generate(requests, options);
  if (!generation.extends) return;
  const half = prompt_tokens >> 1;
  const longer = requests.map((request) => {
    return { ...request, prompt_ids: request.prompt_ids.map((id, at) => at < half ? id : 1) };
  });
  await policy.generate(longer, { ...options, extend: true });
}

/** A full micro-batch of the longest sequences. */
function sequences({ config, generation, micro_batch_tokens }: PlanSettings) {
  const longest = Math.min(generation.prompt_tokens + generation.completion_tokens, micro_batch_tokens);
  return Array.from({ length: Math.floor(micro_batch_tokens / longest) }, (_, i) => ({
    ids: tokens(longest, i % config.vocab_size),
    prompt_length: Math.min(generation.prompt_tokens, longest - 1),
  }));
}

function tokens(length: number, first: number): number[] {
  const ids = new Array<number>(length).fill(0);
  ids[0] = first;
  return ids;
}
