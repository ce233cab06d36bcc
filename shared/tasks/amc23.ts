// AMC 2023 (12A and 12B): 40 problems with numeric answers, stored as floats such as 27.0.

import { requiredText } from "#shared/problems/readers/rows.ts";
import { type Benchmark, mathProtocols } from "./benchmark.ts";
import { mathematics } from "./exemplars.ts";
import { basePrompts } from "./prompts.ts";

export const amc23: Benchmark = {
  name: "amc23",
  title: "AMC 2023",
  file: {
    name: "amc23.jsonl",
    rows: 40,
    url: "https://raw.githubusercontent.com/QwenLM/Qwen2.5-Math/main/evaluation/data/amc23/test.jsonl",
    sha256: "43707e1ca784602d8479de24ee8ce36609dbebc46dd152b0b12a46611aa898a4",
    licence: "Problems (c) Mathematical Association of America; do not redistribute",
  },
  problem: (row) => ({
    id: `amc23/${requiredText(row, "id")}`,
    text: requiredText(row, "question"),
    // 27.0 says 27: no answer of this contest is given to a decimal place.
    answer: requiredText(row, "answer").replace(/\.0$/, ""),
    level: null,
  }),
  protocols: mathProtocols,
  base: basePrompts.cot,
  exemplars: mathematics,
};
