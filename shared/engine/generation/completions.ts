// The completions that are being generated, as the host knows them: what each has so far, and where its row and its
// keys and values are.

import { randomKeys } from "#shared/engine/ops/sampling/random.ts";
import type { DecodeRow, Emitted } from "./decoder.ts";
import type { Generated, GenerationOptions, GenerationRequest } from "./requests.ts";
import type { TokenRange } from "./token_ranges.ts";

/** A prompt and its place in the pool of keys and values. */
export interface Prompt {
  ids: readonly number[];
  /** All ids but the last, which every completion feeds itself: so no sample depends on the prefill's logits. */
  stem: readonly number[];
  range?: TokenRange;
  unfinished: number;
}

export interface Completion {
  index: number;
  sample: number;
  prompt: Prompt;
  keys: [number, number];
  result: Generated;
  finished: boolean;
  slot: number;
  own: TokenRange;
}

/** The completions that a request asks for, of which nothing is there yet. */
export function completionsOf(
  { prompt_ids, samples, key }: GenerationRequest,
  seed: number,
  index: number,
): Completion[] {
  const prompt: Prompt = { ids: prompt_ids, stem: prompt_ids.slice(0, -1), unfinished: samples };
  return Array.from({ length: samples }, (_, sample) => ({
    index,
    sample,
    prompt,
    keys: randomKeys([seed, ...key, sample]),
    result: { ids: [], logprobs: [], finish_reason: "length" },
    finished: false,
    slot: -1,
    own: { start: 0, length: 0 },
  }));
}

/** Where decoding continues a completion. */
export function rowOf(
  { prompt, result, own, slot, keys }: Completion,
  options: GenerationOptions,
): DecodeRow {
  const promptTokens = prompt.stem.length;
  return {
    token: result.ids.at(-1) ?? prompt.ids.at(-1)!,
    position: promptTokens + result.ids.length,
    promptStart: prompt.range!.start,
    promptTokens,
    ownStart: own.start,
    end: promptTokens + options.max_tokens,
    slot,
    keyA: keys[0],
    keyB: keys[1],
  };
}

/** Appends what the block sampled for a completion, up to its end; returns how many tokens. */
export function collect(
  completion: Completion,
  emitted: Emitted,
  steps: number,
  { max_tokens, eos_ids }: GenerationOptions,
): number {
  const { result, slot } = completion;
  for (let step = 0; step < steps; step++) {
    const id = emitted.token(slot, step);
    result.ids.push(id);
    result.logprobs.push(emitted.logProb(slot, step));
    const stopped = eos_ids.includes(id);
    if (stopped) result.finish_reason = "stop";
    completion.finished = stopped || result.ids.length === max_tokens;
    if (completion.finished) return step + 1;
  }
  return steps;
}

/** Keeps the first ids alone. */
export function endAt(completion: Completion, end: number): void {
  const { result } = completion;
  result.ids.length = end;
  result.logprobs.length = end;
  result.finish_reason = "stop";
  completion.finished = true;
}
