// Minerva Math: 272 undergraduate science questions of MIT OpenCourseWare, answers with units stripped.

import { type Benchmark, field, lastBoxed, readRows } from "./benchmark.ts";
import { basePrompts, lightevalMath, plain } from "../prompts.ts";

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
  read: (text) =>
    readRows(text, "minerva-math.jsonl").map((row, i) => {
      const answer = lastBoxed(field(row, "solution", "minerva-math.jsonl", i));
      if (answer === null) {
        throw new SyntaxError(`Cannot read minerva-math.jsonl as row ${i + 1} has no \\boxed answer`);
      }
      return {
        id: `minerva/${field(row, "idx", "minerva-math.jsonl", i)}`,
        text: field(row, "problem", "minerva-math.jsonl", i),
        answer,
        level: field(row, "type", "minerva-math.jsonl", i),
      };
    }),
  protocols: {
    "ghpo-readme": { user: lightevalMath, samples: 1 },
    "ghpo-paper": { user: lightevalMath, samples: 1 },
    qwen: { user: plain, samples: 1 },
    lighteval: { user: lightevalMath, samples: 1 },
  },
  base: basePrompts.cot,
};
