// The guidance strategies, in the order in which help and errors name them. A new one is a file and a line here.

import { constantHint } from "./constant_hint.ts";
import { curriculum } from "./curriculum.ts";
import { ghpo } from "./ghpo.ts";
import { grpo } from "./grpo.ts";
import { randomHint } from "./random_hint.ts";
import type { AnyStrategy } from "./types.ts";

export const STRATEGIES = [grpo, ghpo, curriculum, constantHint, randomHint] as const;

/** The strategy of an `algorithm`; undefined for one that does not sample. */
export function strategyNamed(
  algorithm: string,
  strategies: readonly AnyStrategy[] = STRATEGIES,
): AnyStrategy | undefined {
  return strategies.find(({ name }) => name === algorithm);
}
