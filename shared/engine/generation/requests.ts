// What generation is asked for and what it gives.

import { contextOf } from "#shared/engine/model/context.ts";
import type { ModelConfig } from "#shared/engine/model/config.ts";
import type { EndOf } from "#shared/text/stop_strings.ts";

export interface GenerationRequest {
  prompt_ids: readonly number[];
  /** Completions of this prompt. */
  samples: number;
  /** Names the request for the random numbers, e.g. (step, number of the request within the step). */
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
  /** Asked after every block of steps for each completion that was worked on. */
  ends?: EndOf | undefined;
  /** Called after every block of steps. */
  onProgress?: (progress: { finished: number; total: number; tokens: number }) => void;
}

/** One completion of a prompt. */
export interface Sample {
  /** Its own tokens only, the end token included when it was sampled. */
  ids: ArrayLike<number>;
  /** Natural logarithms of the probabilities with which the ids were drawn. */
  logprobs: ArrayLike<number>;
  finish_reason: "stop" | "length";
}

export interface Generated extends Sample {
  ids: number[];
  logprobs: number[];
}

/**
 * @throws RangeError for an empty prompt, an id outside the vocabulary, a prompt that leaves no room for max_tokens in
 * the context, or options out of range.
 */
export function checkRequests(
  config: ModelConfig,
  requests: readonly GenerationRequest[],
  { max_tokens, temperature, greedy }: GenerationOptions,
): void {
  const { vocab_size: vocab } = config;
  const context = contextOf(config);
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
