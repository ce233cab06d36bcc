// The final test of a model: greedy, on problems of every family and level whose seed nothing was chosen by, without
// hints and, to see whether the model has come to depend on them, with.

import { checkTrace, syntheticProblems } from "#shared/problems/synthetic.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { Family } from "#shared/schemas/recipe/data.ts";
import { buildPrompt } from "#shared/text/prompts.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { accuracyReward, type PresetName, presets } from "#shared/verify/mod.ts";
import { hintAt } from "../ghpo/hint.ts";
import type { Sampler } from "../learner/policy.ts";
import type { Cell } from "./run_data.ts";
import type { FinalTestSpec } from "./schema.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";

/** A problem as it is asked. */
interface Question {
  family: Family;
  level: number;
  hint_ratio: number;
  problem: Problem;
  hint: string;
}

/** All questions, cell by cell. Small cells of a family may have fewer than `count` (see syntheticProblems). */
export function testQuestions(spec: FinalTestSpec): Question[] {
  const { families, levels, count, problems_seed: seed, hint_ratio } = spec;
  return families.flatMap((family) =>
    levels.flatMap((level) => {
      const options = { families: [family], levels: [level], count, seed, split: "held_out" as const };
      const problems = syntheticProblems(options);
      const plain = problems.map((problem): Question => ({
        family,
        level,
        hint_ratio: 0,
        problem,
        hint: "",
      }));
      if (hint_ratio === 0) return plain;
      const hinted = problems.map((problem): Question => {
        const { hint } = hintAt(problem, 1, hint_ratio, { cut: "step", leakGuard: true });
        return { family, level, hint_ratio, problem, hint };
      });
      return [...plain, ...hinted.filter(({ hint }) => hint !== "")];
    })
  );
}

/** Answers and grades every question. */
export async function finalTest(
  spec: FinalTestSpec,
  recipe: TrainRecipe,
  model: { sampler: Sampler; tokenizer: Tokenizer; eosIds: number[] },
): Promise<Cell[]> {
  const questions = testQuestions(spec);
  const { hint_glue: glue, hint_placement: placement } = recipe.ghpo;
  const style = { ...recipe.prompt, glue, placement };
  const preset = recipe.reward.preset in presets ? recipe.reward.preset as PresetName : "strict";
  const answers = await model.sampler.generate(
    questions.map(({ problem, hint }, i) => ({
      prompt_ids: buildPrompt(model.tokenizer, problem.text, hint, style).prompt_ids,
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
  const cells: Cell[] = [];
  const bit = (yes: boolean) => yes ? "1" : "0";
  questions.forEach(({ family, level, hint_ratio, problem, hint }, i) => {
    let cell = cells.at(-1);
    if (cell?.family !== family || cell.level !== level || cell.hint_ratio !== hint_ratio) {
      cell = { kind: "cell", family, level, hint_ratio, right: "", traced: "" };
      cells.push(cell);
    }
    const text = model.tokenizer.decode(answers[i]![0]!.ids);
    // A completion continues where its hint ends; the grader reads the answer after it either way.
    cell.right += bit(accuracyReward(problem.answer, hint + text, preset) === 1);
    cell.traced += bit(checkTrace(problem, hint + text) === true);
  });
  return cells;
}
