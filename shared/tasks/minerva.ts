// Minerva Math: 272 undergraduate science questions of MIT OpenCourseWare, answers with units stripped.

import { boxedAnswer } from "#shared/problems/readers/answers.ts";
import { requiredText, RowFault } from "#shared/problems/readers/rows.ts";
import { type Benchmark, mathProtocols } from "./benchmark.ts";
import { mathematics } from "./exemplars.ts";
import { basePrompts } from "./prompts.ts";

export const minerva: Benchmark = {
  name: "minerva",
  title: "Minerva Math",
  file: {
    name: "minerva-math.jsonl",
    rows: 272,
    url: "https://raw.githubusercontent.com/QwenLM/Qwen2.5-Math/main/evaluation/data/minerva_math/test.jsonl",
    sha256: "0e656b430d3a0a1dab6aa853f453ba3805e28e2cabe4fc72486a897cc09d8ba2",
    licence: "MIT OpenCourseWare material; do not redistribute",
  },
  problem: (row) => {
    const solution = requiredText(row, "solution");
    const answer = boxedAnswer(solution);
    if (answer === null) throw new RowFault("it has no \\boxed answer");
    return {
      id: `minerva/${requiredText(row, "idx")}`,
      text: requiredText(row, "problem"),
      answer,
      solution,
      level: requiredText(row, "type"),
    };
  },
  protocols: mathProtocols,
  base: basePrompts.cot,
  exemplars: mathematics,
};
