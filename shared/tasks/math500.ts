// MATH-500: 500 problems of the MATH test split in seven subjects and five levels.

import { boxedAnswer } from "#shared/problems/readers/answers.ts";
import { levelOf, lookUp, optionalText, requiredText, RowFault } from "#shared/problems/readers/rows.ts";
import { type Benchmark, mathProtocols } from "./benchmark.ts";
import { mathematics } from "./exemplars.ts";
import { basePrompts } from "./prompts.ts";

export const math500: Benchmark = {
  name: "math500",
  title: "MATH-500",
  file: {
    name: "math500.jsonl",
    rows: 500,
    url: "https://huggingface.co/datasets/HuggingFaceH4/MATH-500/resolve/main/test.jsonl",
    sha256: "35dc41080a3680858b27fa7e0533d2d547825316fc5dafe5d316f4ccc5a06132",
    licence: "The licence of hendrycks/math is disputed; do not redistribute",
  },
  problem: (row, index) => {
    const solution = optionalText(row, "solution");
    const answer = optionalText(row, "answer") ?? boxedAnswer(solution ?? "");
    if (answer === null) throw new RowFault("it has neither an answer nor a solution with \\boxed{}");
    return {
      id: optionalText(row, "unique_id") ?? `math/${index}`,
      text: requiredText(row, "problem"),
      answer,
      solution,
      level: levelOf(lookUp(row, "level")),
    };
  },
  protocols: mathProtocols,
  base: basePrompts.cot,
  exemplars: mathematics,
};
