// A short run without GPU for tests, by itself or over workers, alone or on ranks.

import type { Reward } from "../loop/rewards.ts";
import { chooseSource } from "../loop/choose_source.ts";
import { chainProblem, scriptedSetting, tinyRecipe, tinyTokenizer } from "../loop/testing.ts";
import { runLoop } from "../loop/train.ts";
import { Status } from "../run/progress.ts";
import { SOLO, type Team } from "../team/team.ts";
import { RemoteSampler, totalCounts } from "./remote_sampler.ts";
import { FleetPolicy, LEARNER, TOKENIZER } from "./testing.ts";

export async function shortRun(output_dir: string, o: {
  staleness: number;
  /** Of the server that workers are at. */
  url?: string | undefined;
  policy?: FleetPolicy;
  reward?: Reward["call"];
  team?: Team;
}): Promise<void> {
  const { staleness, url, policy = new FleetPolicy(), team = SOLO } = o;
  const recipe = tinyRecipe({
    output_dir,
    generation: { num_generations: 4, max_completion_length: 6 },
    ghpo: { start_stage_memory: true },
    optimizer: { learning_rate: 2, warmup_steps: 2 },
    train: { max_steps: 4, prompts_per_step: 3, micro_batch_tokens: 128, shards: 2, staleness },
    checkpoint: { save_every: 1, keep: 0 },
  });
  const settings = {
    run: `test-${staleness}`,
    vocabulary: tinyTokenizer.vocabSize,
    micro_batch_tokens: 128,
    patience: 15,
    tokenizer: TOKENIZER,
  };
  const sampler = url === undefined
    ? null
    : await RemoteSampler.open(url, policy, settings, () => {}, LEARNER, team.first);
  const problems = ["1", "2", "3", "4", "5"].map((id) => chainProblem(id));
  const { setting } = await scriptedSetting(recipe, problems, () => "");
  const call: Reward["call"] = o.reward ?? (({ completion }) => +completion.includes("7"));
  await runLoop({
    recipe,
    policy,
    source: chooseSource({
      ...setting,
      sampler: sampler ?? policy,
      learner: policy,
      rewards: [{ name: "accuracy", weight: 1, call }],
      team,
    }),
    evaluation: null,
    resume: false,
    status: new Status({ total: 1, quiet: true }),
    stop: new AbortController().signal,
    team,
    ...(sampler && { meters: () => totalCounts(team, sampler) }),
  });
  await sampler?.close();
}
