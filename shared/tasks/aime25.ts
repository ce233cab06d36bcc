// AIME 2025, both papers: 30 problems with integer answers from 0 to 999.

import { boxedAnswer } from "#shared/problems/readers/answers.ts";
import { requiredText, RowFault } from "#shared/problems/readers/rows.ts";
import { type Benchmark, mathProtocols } from "./benchmark.ts";
import { mathematics } from "./exemplars.ts";
import { basePrompts, lightevalMath } from "./prompts.ts";

export const aime25: Benchmark = {
  name: "aime25",
  title: "AIME 2025",
  file: {
    name: "aime25.jsonl",
    rows: 30,
    url: "https://raw.githubusercontent.com/hiyouga/MathRuler/main/data/aime_splits/aime_2025.jsonl",
    sha256: "7878409ff9ff6bf50ef25e935263c9e8e309ce91177670a4bf0b31ab06eb3c85",
    licence: "Problems (c) Mathematical Association of America; do not redistribute",
  },
  problem: (row, index) => {
    const solution = requiredText(row, "solution");
    const answer = boxedAnswer(solution);
    if (answer === null) throw new RowFault("it has no \\boxed answer");
    return { id: `aime25/${index}`, text: requiredText(row, "problem"), answer, solution, level: null };
  },
  protocols: { ...mathProtocols, "ghpo-paper": { user: lightevalMath, samples: 32 } },
  base: basePrompts.question,
  exemplars: mathematics,
};
