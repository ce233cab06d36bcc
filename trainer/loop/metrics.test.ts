import { describe, it } from "node:test";
import assert from "node:assert/strict";
import * as v from "valibot";
import { MetricsSchema } from "#shared/schemas/metrics.ts";
import { guidanceMetrics, rolloutMetrics } from "./metrics.ts";
import { chainProblem, collectAt, scriptedSetting, tinyRecipe } from "./testing.ts";

const RIGHT = "1+2=3####20";
const WRONG = "1+2=3####19";

/** Problem k is solved by its first completion once `k` steps are shown. */
async function rollout(ids: string[], recipe = tinyRecipe({ train: { prompts_per_step: ids.length } })) {
  const script = (question: string, hint: string, sample: number) =>
    sample === 0 && hint.split(";").length - 1 >= Number(question.match(/\d+/)![0]) ? RIGHT : WRONG;
  const { setting } = await scriptedSetting(recipe, ids.map((id) => chainProblem(id)), script);
  return { rollout: await collectAt(setting), rewards: setting.rewards };
}

describe("guidanceMetrics()", () => {
  it("counts difficult, hinted, rescued and unsolved groups and the rescue rate of each stage", async () => {
    const values = guidanceMetrics((await rollout(["0", "1", "3", "9"])).rollout, 3, 0);
    const expected = {
      "ghpo/frac_difficult": 0.75,
      "ghpo/frac_hinted": 0.75,
      "ghpo/frac_unsolved": 0.25,
      "ghpo/hinted_groups": 3,
      "ghpo/rescued_groups": 2,
      "ghpo/rescue_rate/stage_1": 1 / 3,
      "ghpo/rescue_rate/stage_2": 0,
      "ghpo/rescue_rate/stage_3": 0.5,
      "ghpo/frac_stage_1": 0.25,
      "ghpo/frac_stage_2": 0,
      "ghpo/frac_stage_3": 0.5,
      "ghpo/accuracy_unhinted": 1 / 16,
      "ghpo/accuracy_final": 3 / 16,
      "ghpo/mean_hint_ratio": (0 + 0.25 + 0.75 + 0.75) / 4,
      "ghpo/hint_leak_frac": 0,
      "ghpo/effective_groups": 3,
      "ghpo/frac_zero_std_unhinted": 0.75,
    };
    for (const [key, value] of Object.entries(expected)) assert.equal(values[key], value, key);
  });

  it("counts the tokens of hinted rounds as extra", async () => {
    const { rollout: r } = await rollout(["0", "1"]);
    const perGroup = r.generatedTokens / 3; // two first rounds and one hinted
    assert.equal(guidanceMetrics(r, 3, 0)["ghpo/extra_generation_tokens"], perGroup);
  });

  it("has no rescue rate for a stage that was not tried", async () => {
    assert.equal(
      guidanceMetrics((await rollout(["0", "0"])).rollout, 3, 0)["ghpo/rescue_rate/stage_1"],
      null,
    );
  });
});

describe("rolloutMetrics()", () => {
  it("uses TRL's keys, and values that the schema takes", async () => {
    const { rollout: r, rewards } = await rollout(["0", "9"]);
    const values = rolloutMetrics(r, rewards);
    assert.equal(values["rewards/accuracy/mean"], 1 / 8);
    assert.equal(values["rewards/format/mean"], 1);
    assert.equal(values["reward"], 1 / 8 + 0.5);
    assert.equal(values["frac_reward_zero_std"], 0.5);
    assert.equal(values["completions/clipped_ratio"], 0);
    assert.equal(values["completions/mean_length"], values["completions/mean_terminated_length"]);
    v.parse(MetricsSchema, { step: 1, time: 0, ...values, ...guidanceMetrics(r, 3, 0) });
  });

  it("counts truncated completions and has no length of ended ones when none ended", async () => {
    const recipe = tinyRecipe({ train: { prompts_per_step: 1 }, generation: { max_completion_length: 4 } });
    const { rollout: r, rewards } = await rollout(["9"], recipe);
    const values = rolloutMetrics(r, rewards);
    assert.equal(values["completions/clipped_ratio"], 1);
    assert.equal(values["completions/max_length"], 4);
    assert.equal(values["completions/mean_terminated_length"], null);
  });
});
