// Completions and their rewards: a sample's text goes to every reward function, with a bound on how many run at once.

import type { Problem } from "#shared/schemas/problem.ts";
import type { Completion } from "#shared/schemas/rollout.ts";
import { answerBeginning } from "#shared/text/prompts.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import type { Sample } from "../learner/policy.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";
import type { Part } from "./attempts.ts";
import type { Reward } from "./rewards.ts";

/** What scoring needs. */
export interface ScoringSetting {
  recipe: TrainRecipe;
  tokenizer: Tokenizer;
  rewards: readonly Reward[];
}

/** A sample and its rewards, on the way between ranks. */
interface Scored {
  ids: Uint32Array;
  logprobs: Float64Array;
  finish_reason: Sample["finish_reason"];
  rewards: Record<string, number | null>;
}

/** Gives each sample of a part to every reward function. */
export async function scoreSamples(
  setting: ScoringSetting,
  problem: Problem,
  part: Part,
  samples: readonly Sample[],
  limit: <T>(work: () => Promise<T>) => Promise<T>,
): Promise<Scored[]> {
  const begun = answerBeginning(setting.tokenizer, setting.recipe.prompt) +
    (setting.recipe.ghpo.hint_placement === "assistant" ? part.guidance.hint : "");
  return await Promise.all(samples.map((sample) =>
    limit(async (): Promise<Scored> => {
      const ids = Array.from(sample.ids);
      const text = setting.tokenizer.decode(ids);
      const { finish_reason } = sample;
      const input = {
        problem,
        completion: begun + text,
        solution: part.guidance.hint + text,
        ids,
        finish_reason,
      };
      const rewards: Record<string, number | null> = {};
      for (const reward of setting.rewards) rewards[reward.name] = await reward.call(input);
      const logprobs = Float64Array.from(sample.logprobs);
      return { ids: Uint32Array.from(ids), logprobs, finish_reason, rewards };
    })
  ));
}

/** Runs at most `most` calls at a time, in the order in which they are made. */
export function limited(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running === most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}

/** The record of a scored sample; its advantage comes later. */
export function completionOf(
  { tokenizer }: ScoringSetting,
  { ids, logprobs, finish_reason, rewards }: Scored,
): Completion {
  const tokens = Array.from(ids);
  const text = tokenizer.decode(tokens);
  return { ids: tokens, text, finish_reason, logprobs: Array.from(logprobs), rewards, advantage: 0 };
}
