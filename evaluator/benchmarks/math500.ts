// MATH-500: 500 problems of the MATH test split in seven subjects and five levels.

import { type Benchmark, field, readRows } from "./benchmark.ts";
import { basePrompts, lightevalMath, plain } from "../prompts.ts";

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
  read: (text) =>
    readRows(text, "math500.jsonl").map((row, i) => ({
      id: field(row, "unique_id", "math500.jsonl", i),
      text: field(row, "problem", "math500.jsonl", i),
      answer: field(row, "answer", "math500.jsonl", i),
      level: Number(field(row, "level", "math500.jsonl", i)),
    })),
  protocols: {
    "ghpo-readme": { user: lightevalMath, samples: 1 },
    "ghpo-paper": { user: lightevalMath, samples: 1 },
    qwen: { user: plain, samples: 1 },
    lighteval: { user: lightevalMath, samples: 1 },
  },
  base: basePrompts.cot,
};
