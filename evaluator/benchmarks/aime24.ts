// AIME 2024, both papers: 30 problems with integer answers from 0 to 999.

import { type Benchmark, field, readRows } from "./benchmark.ts";
import { basePrompts, lightevalMath, plain } from "../prompts.ts";

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
  read: (text) =>
    readRows(text, "aime24.jsonl").map((row, i) => ({
      id: `aime24/${field(row, "id", "aime24.jsonl", i)}`,
      text: field(row, "problem", "aime24.jsonl", i),
      answer: field(row, "answer", "aime24.jsonl", i).trim(),
      level: null,
    })),
  protocols: {
    "ghpo-readme": { user: lightevalMath, samples: 1 },
    "ghpo-paper": { user: lightevalMath, samples: 32 },
    qwen: { user: plain, samples: 1 },
    lighteval: { user: lightevalMath, samples: 1 },
  },
  base: basePrompts.question,
};
