import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatRecipe, loadRecipe } from "./recipe.ts";
import { SftRecipeSchema } from "#shared/schemas/recipe/sft.ts";
import { type Override, splitOverrides } from "./flags.ts";
import { TrainRecipeSchema } from "./train_recipe.ts";

const RECIPE = `
model = "m"
output_dir = "runs/x"
[data]
families = ["chain"]
[optimizer]
learning_rate = 2e-4
`;

function load(text: string, overrides: Override[] = []) {
  const folder = mkdtempSync(join(tmpdir(), "ghpo-recipe-"));
  try {
    const path = join(folder, "x.toml");
    writeFileSync(path, text);
    return loadRecipe(TrainRecipeSchema, path, overrides);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("splitOverrides()", () => {
  it("takes dotted flags and the recipe's own top-level ones, and leaves the command's", () => {
    const argv = [
      "x.toml",
      "--dry-run",
      "--optimizer.learning_rate",
      "1e-5",
      "--seed=7",
      "--resume",
      "--algorithm",
      "grpo",
    ];
    assert.deepEqual(splitOverrides(argv), {
      rest: ["x.toml", "--dry-run", "--resume"],
      overrides: [["optimizer.learning_rate", "1e-5"], ["seed", "7"], ["algorithm", "grpo"]],
    });
  });

  it("takes settings by their last word, TRL's names, and switches", () => {
    const argv = [
      "--learning_rate",
      "1e-5",
      "--max-steps=9",
      "--gradient_checkpointing",
      "--json",
      "--lora_r",
      "8",
    ];
    assert.deepEqual(splitOverrides(argv), {
      rest: ["--json"],
      overrides: [["learning_rate", "1e-5"], ["max_steps", "9"], ["gradient_checkpointing", "true"], [
        "lora_r",
        "8",
      ]],
    });
    assert.deepEqual(splitOverrides(["--gradient_checkpointing", "False", "--plan-gib", "8"]), {
      rest: ["--plan-gib", "8"],
      overrides: [["gradient_checkpointing", "False"]],
    });
  });

  it("names a flag without a value", () => {
    assert.throws(() => splitOverrides(["--loss.beta"]), /flag --loss.beta as its value is missing/);
  });
});

describe("loadRecipe()", () => {
  it("finds what a flag's name means", () => {
    const recipe = load(RECIPE, [
      ["learning_rate", "1e-5"],
      ["max_steps", "9"],
      ["num_generations", "4"],
      ["beta", "0.1"],
      ["save_steps", "5"],
      ["lora_r", "8"],
      ["gradient_checkpointing", "True"],
      ["dataset_name", "x.jsonl"],
      ["data.families", "[]"],
    ]);
    assert.deepEqual(
      [
        recipe.optimizer.learning_rate,
        recipe.train.max_steps,
        recipe.generation.num_generations,
        recipe.loss.beta,
      ],
      [1e-5, 9, 4, 0.1],
    );
    assert.deepEqual(
      [recipe.checkpoint.save_every, recipe.lora?.r, recipe.train.gradient_checkpointing, recipe.data.path],
      [5, 8, true, "x.jsonl"],
    );
    const refused = (key: string, message: RegExp) =>
      assert.throws(() => load(RECIPE, [[key, "1"]]), message);
    refused("count", /^TypeError: Cannot use --count as it may be any of --data\.count, --eval\.count$/);
    refused("num_train_epochs", /as there is no such setting: use train\.max_steps$/);
    refused("per_device_train_batch_size", /train\.prompts_per_step problems/);
    refused("examples_per_step", /this recipe has no such setting: the nearest is prompts_per_step$/);
  });

  it("lets a table change the settings that it names, and no others", () => {
    const text = `${RECIPE}[reward]\npreset = "gsm8k"\nformat = "hash"\n`;
    const recipe = load(text, [["reward", '{ preset = "strict" }'], [
      "optimizer",
      "{ max_grad_norm = 2.0 }",
    ]]);
    assert.deepEqual([recipe.reward.preset, recipe.reward.format], ["strict", "hash"]);
    assert.deepEqual([recipe.optimizer.max_grad_norm, recipe.optimizer.learning_rate], [2, 2e-4]);
  });

  it("reads JSON as well as TOML", () => {
    const folder = mkdtempSync(join(tmpdir(), "ghpo-recipe-"));
    try {
      const path = join(folder, "x.json");
      const value = {
        model: "m",
        output_dir: "o",
        data: { families: ["chain"] },
        optimizer: { learning_rate: 2e-4 },
      };
      writeFileSync(path, JSON.stringify(value));
      assert.deepEqual({ ...loadRecipe(TrainRecipeSchema, path, []), output_dir: "" }, {
        ...load(RECIPE),
        output_dir: "",
      });
      writeFileSync(path, "[]");
      assert.throws(() => loadRecipe(TrainRecipeSchema, path, []), /x\.json as it must be an object$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("puts flags over the file over the defaults", () => {
    const recipe = load(RECIPE, [["optimizer.learning_rate", "1e-5"], ["ghpo.hint_stages", "[0.5]"], [
      "algorithm",
      "grpo",
    ]]);
    assert.equal(recipe.optimizer.learning_rate, 1e-5);
    assert.equal(load(RECIPE).optimizer.learning_rate, 2e-4);
    assert.equal(recipe.optimizer.max_grad_norm, 1);
    assert.deepEqual(recipe.ghpo.hint_stages, [0.5]);
    assert.equal(recipe.algorithm, "grpo");
  });

  it("takes a list of reward functions for the table, with default weights", () => {
    const list = 'reward = ["accuracy", "format", "./my_reward.ts"]';
    const listed = load(`${list}${RECIPE}`, [["reward.preset", "strict"]]);
    assert.deepEqual(listed.reward.functions, ["accuracy", "format", "./my_reward.ts"]);
    assert.deepEqual(listed.reward.weights, [1, 0.5, 1]);
    assert.equal(listed.reward.preset, "strict");
    assert.deepEqual(load(RECIPE, [["reward", '["accuracy"]']]).reward.weights, [1]);
  });

  it("names an unknown key, in file or flag, and the nearest known one", () => {
    assert.throws(
      () => load(RECIPE.replace("learning_rate", "lerning_rate")),
      /lerning_rate is unknown: .* learning_rate/,
    );
    assert.throws(
      () => load(RECIPE, [["ghpo.hint_stage", "[0.5]"]]),
      /ghpo.hint_stage is unknown: .* hint_stages/,
    );
  });

  it("names the command that a setting of the other one is of", () => {
    for (const flags of [[["lora.r", "8"]], [["lora_r", "8"]], [["lora", "{ r = 8 }"]]] as Override[][]) {
      assert.throws(
        () => loadRecipe(SftRecipeSchema, "tiny-sft", flags),
        /lora is a setting of the command train, which trains adapters on solutions with algorithm = "sft"$/,
      );
    }
    assert.throws(
      () => loadRecipe(SftRecipeSchema, "tiny-sft", [["loss.beta", "0.1"]]),
      /loss is a setting of the command train$/,
    );
    assert.throws(() => loadRecipe(TrainRecipeSchema, "tiny-sft", []), /sft is a table of the command sft$/);
  });

  it("names the range of a value outside it", () => {
    assert.throws(
      () => load(RECIPE, [["generation.temperature", "-1"]]),
      /temperature must be > 0: current value is -1/,
    );
    assert.throws(
      () => load(RECIPE, [["loss.loss_type", "ppo"]]),
      /loss.loss_type must be .*"dapo".*: current value is "ppo"/,
    );
  });

  it("names the line of a file that is not TOML, and the nearest recipe for a name that does not exist", () => {
    assert.throws(() => load("model = \n"), /as line 1 is not TOML/);
    assert.throws(
      () => loadRecipe(TrainRecipeSchema, "demmo", []),
      /Cannot find the recipe demmo.*nearest is demo/,
    );
  });
});

describe("formatRecipe()", () => {
  it("writes a file that resolves to the same recipe", () => {
    const recipe = load(RECIPE, [["loss.epsilon_high", "0.28"], ["loss.beta", "0.001"]]);
    assert.deepEqual(load(formatRecipe(recipe)), recipe);
  });
});
