// A generator on the small models of the fixtures, a few requests, and log-probs by the forward pass to compare with.

import { testGpu } from "#shared/engine/gpu/testing.ts";
import { forwardLogProbs } from "#shared/engine/forward/testing.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import type { Model } from "#shared/engine/model/weights.ts";
import { Generator } from "./generate.ts";
import type { GenerationOptions } from "./requests.ts";
import { fixture } from "#shared/engine/model/testing.ts";

export const host = await testGpu();

export const options: GenerationOptions = {
  max_tokens: 20,
  temperature: 1,
  greedy: false,
  seed: 7,
  eos_ids: [2],
};
export const prompts = [[5, 9, 44], [17], [3, 3, 18, 60, 21, 8, 50], [9, 31], [40, 41, 42, 43]];
export const requests = prompts.map((prompt_ids, i) => ({
  prompt_ids,
  samples: 1 + i % 3,
  key: [4, i] as const,
}));

/** Log-probabilities of a completion by the packed forward pass. */
export function recompute(model: Model, prompt: number[], ids: number[], temperature: number) {
  const rows = Uint32Array.from(ids, (_, i) => prompt.length - 1 + i);
  return forwardLogProbs(model, [...prompt, ...ids], rows, Uint32Array.from(ids), temperature);
}

export async function withGenerator<T>(
  settings: { rows?: number; block?: number },
  use: (generator: Generator) => Promise<T>,
  name = "llama",
): Promise<T> {
  const model = loadModel(await testGpu(), fixture(name));
  const generator = new Generator(model, settings);
  try {
    return await use(generator);
  } finally {
    generator.destroy();
    model.destroy();
  }
}

/** Why a test of decoding in one program is skipped, or false. */
export const noProgram = host.subgroups8
  ? false
  : "the test before has run that: the adapter has no subgroups of 8 lanes";
