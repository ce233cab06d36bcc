import { describe, it } from "node:test";
import assert from "node:assert/strict";
import * as v from "valibot";
import { parse } from "#shared/schemas/parse.ts";
import { leastRecipe as recipe, sentence } from "#shared/schemas/testing.ts";
import { fraction } from "#shared/schemas/values.ts";
import { clippedTokens } from "../ghpo/losses/clipping.ts";
import type { Loss } from "../ghpo/losses/types.ts";
import { LOSSES } from "../ghpo/losses/index.ts";
import { STRATEGIES } from "../ghpo/strategies/index.ts";
import { strategy } from "../ghpo/strategies/types.ts";
import { chooseSource } from "../loop/choose_source.ts";
import { chainProblem, scriptedSetting, tinyRecipe } from "../loop/testing.ts";
import { TrainRecipeSchema, trainRecipeSchema } from "./train_recipe.ts";

describe("TrainRecipeSchema", () => {
  it("takes the names of algorithms and losses from their lists", () => {
    assert.equal(
      sentence(TrainRecipeSchema, { ...recipe, algorithm: "ppo" }),
      'Cannot read recipe r.toml as algorithm must be "grpo" | "ghpo" | "grpo_curriculum" | "grpo_constant_hint" | "grpo_random_hint" | "sft" ' +
        '(the nearest is "grpo"): current value is "ppo"',
    );
    assert.equal(
      sentence(TrainRecipeSchema, { ...recipe, loss: { loss_type: "dr_grop" } }),
      'Cannot read recipe r.toml as loss.loss_type must be "grpo" | "dr_grpo" | "dapo" | "bnpo" | "cispo" | "gspo" ' +
        '(the nearest is "dr_grpo"): current value is "dr_grop"',
    );
    assert.equal(
      sentence(TrainRecipeSchema, { ...recipe, loss: { loss_type: 1 } }),
      'Cannot read recipe r.toml as loss.loss_type must be "grpo" | "dr_grpo" | "dapo" | "bnpo" | "cispo" | "gspo": ' +
        "current value is 1",
    );
  });

  it("keeps in float32 what is trained itself", () => {
    for (const checkpoint of [{ adapter_only: true }, { dtype: "bfloat16" }]) {
      assert.match(
        sentence(TrainRecipeSchema, { ...recipe, checkpoint }),
        /it must have \[lora\] with checkpoint/,
      );
      parse(TrainRecipeSchema, { ...recipe, checkpoint, lora: {} }, "recipe");
    }
  });

  it("checks settings that depend on each other", () => {
    assert.match(
      sentence(TrainRecipeSchema, { ...recipe, train: { weights_dtype: "bfloat16" } }),
      /^Cannot read recipe r\.toml as it must have \[lora\] with train\.weights_dtype bfloat16 or float16: /,
    );
    assert.match(
      sentence(TrainRecipeSchema, { ...recipe, loss: { loss_type: "cispo" } }),
      /as it must have loss\.epsilon_high, the cap of the ratio, with loss_type cispo/,
    );
    assert.match(
      sentence(TrainRecipeSchema, { ...recipe, ghpo: { unhinted_replicas: 8 } }),
      /as it must have ghpo\.unhinted_replicas below generation\.num_generations/,
    );
    const generation = { max_completion_length: 64 };
    assert.match(
      sentence(TrainRecipeSchema, { ...recipe, generation: { ...generation, final_completion_length: 65 } }),
      /must have generation\.final_completion_length at most generation\.max_completion_length/,
    );
    const reward = { functions: ["accuracy", "soft_overlong_punishment"], weights: [1, 1] };
    assert.match(
      sentence(TrainRecipeSchema, { ...recipe, generation, reward }),
      /must have reward\.soft_punish_cache at most generation\.max_completion_length/,
    );
    parse(
      TrainRecipeSchema,
      { ...recipe, generation, reward: { ...reward, soft_punish_cache: 64 } },
      "recipe",
    );
  });

  it("fills in the paper's defaults", () => {
    const train = parse(TrainRecipeSchema, recipe, "recipe");
    assert.equal(train.algorithm, "ghpo");
    assert.equal(train.generation.num_generations, 8);
    assert.deepEqual(train.ghpo.hint_stages, [0.25, 0.5, 0.75]);
    assert.equal(train.ghpo.cold_start_steps, 20);
    assert.deepEqual(train.reward.weights, [1, 0.5]);
    assert.equal(train.optimizer.learning_rate, 1e-6);
    assert.equal(train.loss.epsilon, 0.2);
    assert.equal(train.loss.beta, 0);
  });

  it("resolves to a fixed point: a resolved recipe parses to itself", () => {
    const resolved = parse(TrainRecipeSchema, recipe, "recipe");
    assert.deepEqual(parse(TrainRecipeSchema, resolved, "recipe"), resolved);
  });

  it("refuses hint stages that do not increase", () => {
    assert.equal(
      sentence(TrainRecipeSchema, { ...recipe, ghpo: { hint_stages: [0.5, 0.25] } }),
      "Cannot read recipe r.toml as ghpo.hint_stages must be increasing: current value is [0.5,0.25]",
    );
  });

  it("knows the settings of every strategy", () => {
    assert.match(
      sentence(TrainRecipeSchema, { ...recipe, baseline: { easy_fractoin: 0.1 } }),
      /the key baseline.easy_fractoin is unknown: the nearest known key is easy_fraction$/,
    );
  });
});

describe("a strategy and a loss of one file each", () => {
  /** Shows every problem the same share of its trace once it was drawn before. */
  const second = strategy({
    name: "second_visit",
    settings: { second_visit: { ratio: v.optional(fraction, 0.5) } },
    state: v.object({ seen: v.array(v.string()) }),
    begin: (): { seen: string[] } => ({ seen: [] }),
    next: (_step, { seen }, { second_visit }) => ({
      ratios: [second_visit.ratio],
      escalate: false,
      startStage: ({ id }) => seen.includes(id) ? 1 : 0,
    }),
    observe: ({ seen }, outcomes) => ({ seen: [...seen, ...outcomes.map(({ problem }) => problem.id)] }),
  });
  const constant: Loss = { name: "constant", weight: () => 1, terms: clippedTokens };
  const schema = trainRecipeSchema([...STRATEGIES, second], [...LOSSES, constant]);

  it("have a place in the recipe, run in the loop's source and keep their state", async () => {
    const { model, output_dir, data, prompt, generation, ghpo, reward, train } = tinyRecipe();
    const base = {
      model,
      output_dir,
      data,
      prompt,
      generation,
      reward,
      train,
      ghpo: { hint_glue: ghpo.hint_glue },
    };
    const mine = parse(
      schema,
      { ...base, algorithm: "second_visit", loss: { loss_type: "constant" } },
      "recipe",
    );
    const { setting, sampler } = await scriptedSetting(
      mine,
      [chainProblem("1"), chainProblem("2")],
      () => "no",
    );
    const source = chooseSource(setting, [...STRATEGIES, second], [...LOSSES, constant]);
    const first = await source.next(0, { cursor: 0, state: source.begin() }, {});
    assert.equal(first.update.loss, constant);
    const after = await first.after;
    const kept = source.restore(JSON.parse(JSON.stringify(after.state)), "the state");
    await source.next(1, { cursor: after.cursor, state: kept }, {});
    const hinted = sampler.calls.map((call) => call.map(({ prompt }) => prompt.includes(ghpo.hint_glue)));
    assert.deepEqual(hinted, [[false, false], [true, true]]);
    assert.throws(() => source.restore({ seen: 1 }, "the state"), /the state as seen must be a list/);
    assert.match(sentence(schema, { ...base, second_visit: { rato: 1 } }), /nearest known key is ratio$/);
  });
});
