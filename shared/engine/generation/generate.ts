// Generation of many completions: prompts are prefilled once and shared by their completions, rows that end are
// compacted away on the GPU within a block of steps and replaced by waiting completions between blocks.
//
// Random numbers are keyed by (seed, key, sample, position), so a completion does not depend on what it was
// batched with, on the number of rows or on the order of the requests.

import { Recorder } from "#shared/engine/gpu/recorder.ts";
import { randomKeys } from "#shared/engine/ops/sampling/random.ts";
import { contextOf } from "#shared/engine/model/context.ts";
import { Decoder, type Emitted, type Row, rowBytes } from "./decoder.ts";
import type { Prompt as Prefilled } from "./prefill.ts";
import { PromptCache } from "./prompt_cache.ts";
import type { TokenRange } from "./token_ranges.ts";
import type { Model } from "#shared/engine/model/weights.ts";

export interface GenerationRequest {
  prompt_ids: readonly number[];
  /** Completions of this prompt. */
  samples: number;
  /** Names the prompt for the random numbers, e.g. (step, problem). */
  key: readonly [number, number];
}

export interface GenerationOptions {
  /** Most tokens of a completion, the end token included. */
  max_tokens: number;
  /** Divides the logits; log-probabilities are those of the tempered distribution, also when greedy. */
  temperature: number;
  /** Take the first most likely token instead of drawing. */
  greedy: boolean;
  seed: number;
  /** Any of these ends a completion and is its last id. */
  eos_ids: readonly number[];
  /** The weights are those of the last call: what its prompts begin with in common with these is taken from there. */
  extend?: boolean;
  /**
   * Called after every block for each completion that was worked on, with what it has so far; true ends it there. The
   * index is that of its request.
   */
  onTokens?: (index: number, sample: number, soFar: Generated) => boolean | void;
  /** After how many of its ids a completion is over; undefined: not yet. Asked after every block of steps. */
  ends?: ((ids: readonly number[]) => number | undefined) | undefined;
  /** Called after every block of steps. */
  onProgress?: (progress: { finished: number; total: number; tokens: number }) => void;
}

export interface Generated {
  ids: number[];
  /** Natural logarithms of the probabilities with which the ids were drawn. */
  logprobs: number[];
  finish_reason: "stop" | "length";
}

interface Prompt {
  ids: readonly number[];
  /** All ids but the last, which every completion feeds itself: so no sample depends on the prefill's logits. */
  stem: readonly number[];
  range?: TokenRange;
  unfinished: number;
}

interface Completion {
  index: number;
  sample: number;
  prompt: Prompt;
  keys: [number, number];
  result: Generated;
  finished: boolean;
  slot: number;
  own: TokenRange;
}

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
   * @throws RangeError for an empty prompt, an id outside the vocabulary, a prompt that leaves no room for
   * max_tokens in the context, or options out of range.
   */
  async generate(
    requests: readonly GenerationRequest[],
    options: GenerationOptions,
  ): Promise<Generated[][]> {
    this.#check(requests, options);
    const completions = requests.map((request, index) => completionsOf(request, options.seed, index));
    const waiting = completions.flat().reverse(); // popped from the end
    const total = waiting.length;
    if (!options.extend) this.#cache = undefined; // also where nothing is asked for, as of a rank without requests
    if (total > 0) {
      const decoder = this.#prepare(requests, options, total);
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
    decoder.refresh(this.#recorder);
    while (waiting.length > 0 || live.length > 0) {
      live.push(...this.#admit(decoder, waiting, cache, slots, options));
      decoder.load(live.map((completion) => rowOf(completion, options)));
      const most = Math.max(...live.map(({ result }) => options.max_tokens - result.ids.length));
      const steps = Math.min(decoder.size.block, most);
      const emitted = await decoder.run(this.#recorder, live.length, steps, step);
      for (const completion of live) {
        tokens += collect(completion, emitted, steps, options);
        const { index, sample, result } = completion;
        const end = options.ends?.(result.ids);
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

  #check(
    requests: readonly GenerationRequest[],
    { max_tokens, temperature, greedy }: GenerationOptions,
  ): void {
    const { vocab_size: vocab } = this.model.config;
    const context = contextOf(this.model.config);
    const fail = (reason: string) => {
      throw new RangeError(`Cannot generate as ${reason}`);
    };
    if (!Number.isInteger(max_tokens) || max_tokens < 1) {
      fail(`max_tokens must be a positive integer: current value is ${max_tokens}`);
    }
    if (!(temperature > 0) && !(greedy && temperature === 0)) {
      fail(`temperature must be above 0: current value is ${temperature}`);
    }
    for (const { prompt_ids } of requests) {
      if (prompt_ids.length === 0) fail("a prompt must have at least one token: current prompt is empty");
      if (prompt_ids.length + max_tokens > context.tokens) {
        fail(
          `prompt and max_tokens must fit into the ${context.name} of ${context.tokens} tokens: ` +
            `current prompt has ${prompt_ids.length} tokens and max_tokens is ${max_tokens}`,
        );
      }
      const bad = prompt_ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocab);
      if (bad !== undefined) fail(`prompt ids must be in 0 to ${vocab - 1}: current id is ${bad}`);
    }
  }
}

function completionsOf(
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

function rowOf({ prompt, result, own, slot, keys }: Completion, options: GenerationOptions): Row {
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
function collect(
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
function endAt(completion: Completion, end: number): void {
  const { result } = completion;
  result.ids.length = end;
  result.logprobs.length = end;
  result.finish_reason = "stop";
  completion.finished = true;
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
