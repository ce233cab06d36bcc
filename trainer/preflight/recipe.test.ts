// The check of a whole recipe: its curriculum, own rewards, adapters by pattern, problems to evaluate on.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolders } from "#shared/io/testing.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import { own, TINY_BASE } from "./testing.ts";
import { loadRecipe } from "../run/recipe.ts";
import { preflightOf } from "./recipe.ts";
import { TrainRecipeSchema } from "../run/train_recipe.ts";

const temporary = temporaryFolders();

describe("preflightOf()", () => {
  it("finds that a curriculum has no hard problems, and shows own rewards the tokens of the references", async () => {
    const folder = temporary();
    const path = join(folder, "train.jsonl");
    const rows = own.map(({ text, answer, trace }) => ({ problem: text, answer, solution: trace!.text }));
    writeFileSync(path, rows.map((line) => JSON.stringify(line)).join("\n"));
    const data = ["data", `{ families = [], path = ${JSON.stringify(path)} }`] as const;
    const curriculum = loadRecipe(TrainRecipeSchema, "demo", [data, ["algorithm", "grpo_curriculum"]]);
    assert.match(
      (await preflightOf(curriculum)).faults.join(),
      /^Cannot run a curriculum as no problem is hard: .*levels are none$/,
    );
    const lengths: number[] = [];
    const brief = loadRecipe(TrainRecipeSchema, "demo", [data, [
      "reward.functions",
      '["accuracy", "brief"]',
    ]]);
    const rewards = {
      brief: ({ ids }: { ids: readonly number[] }) => (lengths.push(ids.length), 1 / ids.length),
    };
    assert.deepEqual((await preflightOf(brief, { own: { rewards } })).faults, []);
    assert.ok(lengths.length > 0 && Math.min(...lengths) > 3);
    const deciding = (threshold: number, value: (problem: Problem) => number) => {
      const settings = [["reward.functions", '["mine"]'], ["reward.weights", "[1]"], [
        "reward.success_threshold",
        `${threshold}`,
      ]] as const;
      const recipe = loadRecipe(TrainRecipeSchema, "demo", [data, ...settings]);
      return preflightOf(recipe, { own: { rewards: { mine: ({ problem }) => value(problem) } } });
    };
    const none = await deciding(2, () => 1);
    assert.match(
      none.faults.join(),
      /^the reward mine calls 40 of the first 40 reference solutions unsolved, .*success_threshold/,
    );
    const first = own[0]!.text;
    const some = await deciding(1, ({ text }) => Number(text !== first));
    assert.deepEqual(some.faults, []);
    assert.match(
      some.warnings.join(),
      /the reward mine calls 1 of the first 40 reference solutions unsolved/,
    );
  });

  it("calls own rewards with the tokens of a completion or not at all", async () => {
    const folder = temporary();
    const write = (text: string) => {
      const path = join(folder, "train.jsonl");
      const row = { problem: text, answer: "3", solution: `${text.slice(8)}=3` };
      writeFileSync(path, JSON.stringify(row));
      return ["data", `{ families = [], path = ${JSON.stringify(path)} }`] as const;
    };
    const calls: number[] = [];
    const look = ({ ids }: { ids: readonly number[] }) => (calls.push(ids.length), 1 / ids.length);
    const evaluated = join(folder, "eval.jsonl");
    writeFileSync(evaluated, JSON.stringify({ problem: "Compute 2+2", answer: "4" }));
    for (const name of ["mine", "accuracy"]) {
      const report = (text: string) => {
        const recipe = loadRecipe(TrainRecipeSchema, "demo", [
          write(text),
          ["reward.functions", JSON.stringify([name])],
          ["reward.weights", "[1]"],
          ["reward.success_threshold", "0.01"],
          ["eval", `{ eval_every = 1, benchmarks = [], path = ${JSON.stringify(evaluated)} }`],
        ]);
        return preflightOf(recipe, { own: { rewards: { [name]: look } } });
      };
      assert.match((await report("Où 1+2")).faults[0]!, /^the tokenizer does not know "Où"/);
      assert.deepEqual(calls, [], name);
      await report("Compute 1+2");
      assert.ok(calls.length > 0 && Math.min(...calls) > 3, `${name}: ${calls.join()}`);
      calls.length = 0;
    }
  });

  it("finds patterns of ranks and alphas that mean no matrix", async () => {
    const faults = async (lora: string) => {
      const recipe = loadRecipe(TrainRecipeSchema, "demo", [["model", TINY_BASE], ["lora", lora]]);
      return (await preflightOf(recipe)).faults;
    };
    assert.deepEqual(
      await faults(`{ rank_pattern = { "layers.0.*" = 4 }, alpha_pattern = { q_proj = 3 } }`),
      [],
    );
    assert.deepEqual(
      await faults(`{ target_modules = ["q_proj"], rank_pattern = { q_proj = 8, v_proj = 4 } }`),
      ['"v_proj" of lora.rank_pattern or lora.alpha_pattern matches none of the matrices that get adapters'],
    );
  });

  it("looks at what the loop evaluates on, too", async () => {
    const folder = temporary();
    const rows = own.map(({ text, answer, trace }) => ({ problem: text, answer, solution: trace!.text }));
    const write = (name: string, lines: unknown[]) => {
      writeFileSync(join(folder, name), lines.map((line) => JSON.stringify(line)).join("\n"));
      return join(folder, name);
    };
    const long = { problem: `Compute 1${"+1".repeat(120)}`, answer: "121" };
    const odd = { problem: "Compute 2+2", answer: "\\frac{" };
    const recipe = loadRecipe(TrainRecipeSchema, "demo", [
      ["data", `{ families = [], path = ${JSON.stringify(write("train.jsonl", rows))} }`],
      ["eval", `{ benchmarks = [], path = ${JSON.stringify(write("eval.jsonl", [long, odd]))} }`],
    ]);
    const never = await preflightOf({ ...recipe, eval: { ...recipe.eval, eval_every: 0 } });
    assert.deepEqual(never.faults, []);
    assert.match(
      never.warnings.join(),
      /nothing is evaluated on eval\.path during the run, as eval\.eval_every is 0/,
    );
    const { faults, warnings } = await preflightOf(recipe);
    assert.match(
      faults.join(),
      /^1 of 2 problems to evaluate on have prompts longer than 128 tokens .*, as eval:1$/,
    );
    assert.match(
      warnings.join(),
      /1 of 2 problems to evaluate on have answers that reward\.preset cannot grade, as eval:2/,
    );
  });
});
