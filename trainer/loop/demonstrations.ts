// Supervised learning on the traces of the problems that a step draws, as a rollout: one completion a problem, the
// right one, with advantage 1. The gradient of a policy gradient on it at ratio 1 is that of the cross-entropy, so the
// loop, its metrics and its checkpoints are those of every other algorithm. It is the baseline that asks whether
// sampling is worth it: with as many tokens a step, the same traces that hints are cut from are simply learned.

import type { Loss } from "../ghpo/losses/types.ts";
import { answerBeginning } from "#shared/text/prompts.ts";
import { shuffledIndex } from "../ghpo/schedule.ts";
import { SOLO } from "../team/team.ts";
import { batchOf, describeSource, valuesOf } from "./rollout_source.ts";
import { type Attempt, newAttempt } from "./attempts.ts";
import type { Rollout, RolloutSetting } from "./rollouts.ts";
import { type BatchSource, withoutState } from "./batch_source.ts";
import { askedFormat, behind, targetOf } from "./targets.ts";
import { examplesOf } from "./examples.ts";

/** Demonstrations in place of rollouts. */
export function demonstrationSource(setting: RolloutSetting, loss: Loss): BatchSource {
  const { recipe } = setting;
  return {
    ...describeSource(setting),
    ...withoutState,
    async next(step, { cursor }, steered) {
      const rollout = await demonstrate(setting, cursor);
      const batch = batchOf(
        setting,
        loss,
        { ...rollout, values: valuesOf(setting, rollout) },
        step,
        steered.learning_rate,
      );
      return {
        ...batch,
        update: { ...batch.update, shows_nll: true },
        examples: examplesOf(rollout.attempts, recipe.ghpo.hint_loss, { sampled: false }),
        temperature: steered.temperature ?? recipe.generation.temperature,
        after: { cursor: rollout.cursor, state: {} },
      };
    },
  };
}

/** The demonstrations of a step that begins at `cursor`. Nothing is sampled: log-probs are 0. */
export async function demonstrate(setting: RolloutSetting, cursor: number): Promise<Rollout> {
  const { recipe, problems, team = SOLO } = setting;
  const drawn = Array.from({ length: recipe.train.prompts_per_step }, (_, i) => {
    const index = shuffledIndex(cursor + i, problems.length, recipe.seed, recipe.data.shuffle);
    return problems[index]!;
  });
  const attempts = await team.share("the demonstrations", drawn, async (own) => {
    const attempts: Attempt[] = [];
    for (const problem of own) attempts.push(await demonstration(setting, newAttempt(setting, problem)));
    return attempts;
  });
  const generatedTokens = attempts.reduce((sum, { parts }) => sum + parts[0]!.completions[0]!.ids.length, 0);
  const end = cursor + recipe.train.prompts_per_step;
  return { attempts, drawn: attempts, cursor: end, generatedTokens, extraTokens: 0 };
}

async function demonstration(setting: RolloutSetting, attempt: Attempt): Promise<Attempt> {
  const { problem, plain } = attempt;
  const text = targetOf(problem, askedFormat(setting.recipe) ?? "own");
  if (text === null) {
    throw new TypeError(`Cannot learn from problem ${problem.id} as it has no solution trace`);
  }
  const written = behind(answerBeginning(setting.tokenizer, setting.recipe.prompt), text);
  const ids = [...setting.tokenizer.encode(written), ...setting.eosIds.slice(0, 1)];
  const input = { problem, completion: text, solution: text, ids, finish_reason: "stop" as const };
  const rewards: Record<string, number | null> = {};
  for (const reward of setting.rewards) rewards[reward.name] = await reward.call(input);
  const completion = {
    ids,
    text: written,
    finish_reason: "stop" as const,
    logprobs: ids.map(() => 0),
    rewards,
  };
  const guidance = { stage: 0, ratio: 0, cut: setting.recipe.ghpo.hint_cut, hint: "", leak: false };
  return { ...attempt, parts: [{ guidance, ...plain, completions: [{ ...completion, advantage: 1 }] }] };
}
