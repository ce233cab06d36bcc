// AIME 2024, both papers: 30 problems with integer answers from 0 to 999.

import { optionalText, requiredText } from "#shared/problems/readers/rows.ts";
import { type Benchmark, mathProtocols } from "./benchmark.ts";
import { mathematics } from "./exemplars.ts";
import { basePrompts, lightevalMath } from "./prompts.ts";

export const aime24: Benchmark = {
  name: "aime24",
  title: "AIME 2024",
  file: {
    name: "aime24.jsonl",
    rows: 30,
    url: "https://raw.githubusercontent.com/QwenLM/Qwen2.5-Math/main/evaluation/data/aime24/test.jsonl",
    sha256: "af2b8bd2aa911b6333ad0df32f3ca05c7ae8ed10f1731f4372c8ae26990bf7ac",
    licence: "Problems (c) Mathematical Association of America; do not redistribute",
  },
  problem: (row) => ({
    id: `aime24/${requiredText(row, "id")}`,
    text: requiredText(row, "problem"),
    answer: requiredText(row, "answer").trim(),
    solution: optionalText(row, "solution"),
    level: null,
  }),
  protocols: { ...mathProtocols, "ghpo-paper": { user: lightevalMath, samples: 32 } },
  base: basePrompts.question,
  exemplars: mathematics,
};
