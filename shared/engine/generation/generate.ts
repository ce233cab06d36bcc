// Generation of many completions: prompts are prefilled once and shared by their completions, rows that end are
// compacted away on the GPU within a block of steps and replaced by waiting completions between blocks.
//
// Random numbers are keyed by (seed, key, sample, position), so a completion does not depend on what it was
// batched with, on the number of rows or on the order of the requests.

import { Recorder } from "#shared/engine/gpu/recorder.ts";
import { collect, type Completion, completionsOf, endAt, rowOf } from "./completions.ts";
import { Decoder, rowBytes } from "./decoder.ts";
import type { Prompt as Prefilled } from "./prefill.ts";
import { PromptCache } from "./prompt_cache.ts";
import { checkRequests, type Generated, type GenerationOptions, type GenerationRequest } from "./requests.ts";
import type { TokenRange } from "./token_ranges.ts";
import type { Model } from "#shared/engine/model/weights.ts";

/** Completions side by side, where nothing else is said. */
export const DEFAULT_ROWS = 256;

export class Generator {
  readonly #recorder: Recorder;
  #decoder: Decoder | undefined;
  /** Of the decoder's pool; good as long as the weights do not change. */
  #cache: PromptCache | undefined;
  /** Tokens of prompts computed so far: what prompts share counts once, what was cached not at all. */
  prefilledTokens = 0;

  /** Up to `rows` completions run side by side; `block` is the number of steps between two read-backs. */
  constructor(readonly model: Model, readonly settings: { rows?: number; block?: number } = {}) {
    this.#recorder = new Recorder(model.gpu);
  }

  /**
   * Completes every prompt `samples` times; results are in the order of the requests.
   * @throws RangeError as `checkRequests` does
   */
  async generate(
    requests: readonly GenerationRequest[],
    options: GenerationOptions,
  ): Promise<Generated[][]> {
    checkRequests(this.model.config, requests, options);
    const completions = requests.map((request, index) => completionsOf(request, options.seed, index));
    const waiting = completions.flat().reverse(); // popped from the end
    const total = waiting.length;
    if (!options.extend) this.#cache = undefined; // also where nothing is asked for, as of a rank without requests
    if (total > 0) {
      const known = this.#cache && this.#decoder; // that of the same weights
      const decoder = this.#prepare(requests, options, total);
      if (decoder !== known) decoder.refresh(this.#recorder);
      const longest = Math.max(...requests.map(({ prompt_ids }) => prompt_ids.length));
      await this.#run(decoder, waiting, options, longest + options.max_tokens);
    }
    return completions.map((samples) => samples.map(({ result }) => result));
  }

  destroy(): void {
    this.#decoder?.destroy();
    this.#decoder = undefined;
    this.#cache = undefined;
    this.#recorder.destroy();
  }

  async #run(
    decoder: Decoder,
    waiting: Completion[],
    options: GenerationOptions,
    positions: number,
  ): Promise<void> {
    const total = waiting.length;
    const cache = this.#cache!;
    const slots = Array.from({ length: decoder.size.rows }, (_, i) => i);
    const { greedy, temperature } = options;
    const step = { positions, greedy, temperature: temperature || 1 };
    let live: Completion[] = [];
    let tokens = 0;
    while (waiting.length > 0 || live.length > 0) {
      live.push(...this.#admit(decoder, waiting, cache, slots, options));
      decoder.load(live.map((completion) => rowOf(completion, options)));
      const most = Math.max(...live.map(({ result }) => options.max_tokens - result.ids.length));
      const steps = Math.min(decoder.size.block, most);
      const emitted = await decoder.run(this.#recorder, live.length, steps, step);
      for (const completion of live) {
        const fresh = collect(completion, emitted, steps, options);
        tokens += fresh;
        const { index, sample, result } = completion;
        // The last look is at all of it: what a completion is must not depend on the blocks it came in.
        const checked = completion.finished ? 0 : result.ids.length - fresh;
        const end = options.ends?.(result.ids, checked);
        if (end !== undefined) endAt(completion, end);
        if (options.onTokens?.(index, sample, result) === true) completion.finished = true;
        if (!completion.finished) continue;
        slots.push(completion.slot);
        cache.give(completion.own);
        if (--completion.prompt.unfinished === 0) cache.release(completion.prompt.range!);
      }
      live = live.filter(({ finished }) => !finished);
      options.onProgress?.({ finished: total - waiting.length - live.length, total, tokens });
    }
  }

  /** Gives free rows to waiting completions and prefills the prompts that are new. */
  #admit(
    decoder: Decoder,
    waiting: Completion[],
    cache: PromptCache,
    slots: number[],
    { max_tokens }: GenerationOptions,
  ): Completion[] {
    const admitted: Completion[] = [];
    let fresh: Prefilled[] = [];
    const prefill = () => {
      for (const part of parts(fresh)) this.prefilledTokens += decoder.prefill(this.#recorder, part);
      fresh = [];
      cache.settle();
    };
    while (slots.length > 0) {
      const completion = waiting.at(-1);
      if (!completion) break;
      // What prompts have been copied from makes room before what prompts to come begin with.
      let own = this.#place(completion, cache, max_tokens, fresh, false);
      if (!own) {
        prefill();
        own = this.#place(completion, cache, max_tokens, fresh, true);
      }
      if (!own) break;
      admitted.push(Object.assign(completion, { own, slot: slots.pop()! }));
      waiting.pop();
    }
    prefill();
    return admitted;
  }

  /** Room for a completion's own tokens, and for its prompt where that has none; undefined when there is not enough. */
  #place(
    { prompt }: Completion,
    cache: PromptCache,
    max_tokens: number,
    fresh: Prefilled[],
    any: boolean,
  ): TokenRange | undefined {
    const own = cache.take(max_tokens, any);
    if (!own || prompt.range) return own;
    const admitted = cache.admit(prompt.stem, any);
    if (!admitted) {
      cache.give(own);
      return undefined;
    }
    prompt.range = admitted.range;
    fresh.push({ ids: prompt.stem, start: admitted.range.start, cached: admitted.cached });
    return own;
  }

  /** A decoder that is large enough; the last one where it is, so that memory stays flat over a run. */
  #prepare(requests: readonly GenerationRequest[], options: GenerationOptions, total: number): Decoder {
    const { gpu, config } = this.model;
    const binding = gpu.bindingBytes;
    const kvBytes = 2 * config.num_key_value_heads * config.head_dim * 4;
    const stems = requests.map(({ prompt_ids }) => prompt_ids.length - 1);
    const longest = Math.max(...stems);
    const fitRows = Math.floor(binding / rowBytes(gpu, config));
    const fitPool = Math.floor(binding / kvBytes / (longest + options.max_tokens));
    const rows = Math.min(total, this.settings.rows ?? DEFAULT_ROWS, fitRows, fitPool);
    if (rows < 1) {
      throw new RangeError(
        `Cannot generate as one row must fit into a binding of ${binding} bytes: ` +
          `current prompt has ${longest + 1} tokens and max_tokens is ${options.max_tokens}`,
      );
    }
    const stemTokens = Math.min(stems.reduce((sum, length) => sum + length, 0), rows * longest);
    const kept = this.#keep(requests, options);
    const poolTokens = Math.min(rows * options.max_tokens + stemTokens + kept, Math.floor(binding / kvBytes));
    const block = this.settings.block ?? 16;
    const old = this.#decoder?.size;
    const fits = old && old.rows >= rows && old.poolTokens >= poolTokens &&
      String(old.eos) === String(options.eos_ids);
    if (!fits) {
      const before = this.#decoder;
      const size = {
        rows: Math.max(rows, old?.rows ?? 0),
        poolTokens: Math.min(
          roundedPool(Math.max(poolTokens, old?.poolTokens ?? 0)),
          Math.floor(binding / kvBytes),
        ),
        block,
        eos: [...options.eos_ids],
      };
      this.#decoder = undefined; // should its successor not fit
      if (!this.#cache) before?.destroy();
      this.#decoder = new Decoder(this.model, size, this.#cache && before);
      this.#cache?.grow(size.poolTokens);
    }
    this.#cache ??= new PromptCache(this.#decoder!.size.poolTokens);
    return this.#decoder!;
  }

  /** Forgets the prompts in the pool unless they may be extended; returns how many tokens of them are going to be. */
  #keep(requests: readonly GenerationRequest[], { extend }: GenerationOptions): number {
    if (!extend) this.#cache = undefined;
    return this.#cache?.expect(requests.map(({ prompt_ids }) => prompt_ids.slice(0, -1))) ?? 0;
  }
}

/** Prompts in groups of about 2,048 tokens, so that the prefill's activations stay small. */
function parts<T extends { ids: ArrayLike<number> }>(prompts: readonly T[]): T[][] {
  const groups: T[][] = [];
  let tokens = Infinity;
  for (const prompt of prompts) {
    if (tokens + prompt.ids.length > 2048) {
      groups.push([]);
      tokens = 0;
    }
    groups.at(-1)!.push(prompt);
    tokens += prompt.ids.length;
  }
  return groups;
}

/** Size of a pool that holds this many tokens: at most an eighth more, so that it is not reallocated for every longer prompt. */
export function roundedPool(tokens: number): number {
  const step = Math.max(1, 2 ** Math.floor(Math.log2(tokens)) / 8);
  return Math.ceil(tokens / step) * step;
}
