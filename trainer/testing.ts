// What the tests of the loop share: the tiny tokenizer, a few problems and a policy whose answers are scripted.

import type { Problem } from "#shared/schemas/problem.ts";
import { parse } from "#shared/schemas/parse.ts";
import { type TrainRecipe, TrainRecipeSchema } from "#shared/schemas/recipe.ts";
import { TINY_HINT_GLUE, tinyTokenizerFiles } from "#shared/text/tiny_tokenizer.ts";
import { Tokenizer } from "#shared/text/tokenizer.ts";
import { loadRewards } from "./rewards.ts";
import type { RolloutSetting, Sample, SampleOptions, Sampler, SampleRequest } from "./rollouts.ts";

const files = tinyTokenizerFiles(256);
export const tinyTokenizer = new Tokenizer(files.tokenizer, files.config);
export const EOS = tinyTokenizer.id("<eos>")!;

/** Four steps, so that the three stages of GHPO show one, two and three of them. */
export function chainProblem(id: string, answer = "20", level = 4): Problem {
  const steps = ["1+2=3;", "3+3=6;", "6+5=11;", `11+9=${answer}`];
  return {
    id,
    text: `Compute ${id}+2+3+5+9`,
    answer,
    trace: { text: steps.join(""), steps },
    level,
    source: "test",
  };
}

export function tinyRecipe(
  overrides: Record<string, Record<string, unknown> | string | number> = {},
): TrainRecipe {
  const { ghpo, train, generation, ...rest } = overrides as Record<string, Record<string, unknown>>;
  const value = {
    model: "m",
    output_dir: "o",
    data: { path: "d", shuffle: false },
    prompt: { system: "", max_prompt_length: 96 },
    generation: { num_generations: 4, max_completion_length: 32, ...generation },
    ghpo: { cold_start_steps: 0, hint_glue: TINY_HINT_GLUE, ...ghpo },
    reward: { format: "hash" },
    train: { max_steps: 4, prompts_per_step: 2, ...train },
    ...rest,
  };
  return parse(TrainRecipeSchema, value, "recipe");
}

/** What a scripted policy answers to the sample-th completion of a prompt; the hint is "" without one. */
export type Script = (question: string, hint: string, sample: number) => string;

/** A sampler that records its requests and answers by the script; every token has log-prob -1. */
export class ScriptedSampler implements Sampler {
  readonly calls: (SampleRequest & { prompt: string })[][] = [];
  readonly #script: Script;

  constructor(script: Script) {
    this.#script = script;
  }

  generate(requests: SampleRequest[], options: SampleOptions): Promise<Sample[][]> {
    this.calls.push(
      requests.map((request) => ({ ...request, prompt: tinyTokenizer.decode(request.prompt_ids) })),
    );
    return Promise.resolve(requests.map(({ prompt_ids, samples }) => {
      const prompt = tinyTokenizer.decode(prompt_ids).replace(/\nAnswer: .*/s, "");
      const [question, hint] = prompt.split(TINY_HINT_GLUE) as [string, string?];
      return Array.from({ length: samples }, (_, sample) => {
        const ids = [...tinyTokenizer.encode(this.#script(question, hint ?? "", sample)), EOS];
        const cut = ids.slice(0, options.max_tokens);
        const finish_reason = cut.length === ids.length ? "stop" as const : "length" as const;
        return { ids: cut, logprobs: cut.map(() => -1), finish_reason };
      });
    }));
  }
}

/** The setting of a rollout with a scripted policy. */
export async function scriptedSetting(recipe: TrainRecipe, problems: Problem[], script: Script) {
  const sampler = new ScriptedSampler(script);
  const setting: RolloutSetting = {
    recipe,
    problems,
    tokenizer: tinyTokenizer,
    rewards: await loadRewards(recipe.reward),
    sampler,
    eosIds: [EOS],
    promptBudget: recipe.prompt.max_prompt_length,
  };
  return { setting, sampler };
}
