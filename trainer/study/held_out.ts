// The final test of a model: un-hinted, greedy, on problems of every family and level whose seed nothing was chosen by.

import { checkTrace, syntheticProblems } from "#shared/problems/synthetic.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { TrainRecipe } from "#shared/schemas/recipe.ts";
import { buildPrompt } from "#shared/text/prompts.ts";
import { accuracyReward, type PresetName, presets } from "#shared/verify/index.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import type { Sampler } from "../policy.ts";
import type { Cell } from "./data.ts";
import type { FinalTestSpec } from "./schema.ts";

/** The problems of each cell. Small cells of a family may have fewer than `count` (see syntheticProblems). */
export function testProblems(spec: FinalTestSpec): Map<string, Problem[]> {
  const { families, levels, count, problems_seed: seed } = spec;
  const cells = new Map<string, Problem[]>();
  for (const family of families) {
    for (const level of levels) {
      const options = { families: [family], levels: [level], count, seed, split: "held_out" as const };
      cells.set(`${family} ${level}`, syntheticProblems(options));
    }
  }
  return cells;
}

/** Answers and grades every problem. */
export async function finalTest(
  spec: FinalTestSpec,
  recipe: TrainRecipe,
  model: { sampler: Sampler; tokenizer: Tokenizer; eosIds: number[] },
): Promise<Cell[]> {
  const cells = testProblems(spec);
  const problems = [...cells.values()].flat();
  const style = { system: recipe.prompt.system, glue: "", placement: "user" } as const;
  const preset = recipe.reward.preset in presets ? recipe.reward.preset as PresetName : "strict";
  const answers = await model.sampler.generate(
    problems.map((problem, i) => ({
      prompt_ids: buildPrompt(model.tokenizer, problem.text, "", style).prompt_ids,
      samples: 1,
      key: [0, i],
    })),
    {
      max_tokens: recipe.generation.max_completion_length,
      temperature: 1,
      greedy: true,
      seed: 0,
      eos_ids: model.eosIds,
    },
  );
  let next = 0;
  const bit = (yes: boolean) => yes ? "1" : "0";
  return spec.families.flatMap((family) =>
    spec.levels.map((level): Cell => {
      const cell: Cell = { kind: "cell", family, level, right: "", traced: "" };
      for (const problem of cells.get(`${family} ${level}`)!) {
        const text = model.tokenizer.decode(answers[next++]![0]!.ids);
        cell.right += bit(accuracyReward(problem.answer, text, preset) === 1);
        cell.traced += bit(checkTrace(problem, text) === true);
      }
      return cell;
    })
  );
}
