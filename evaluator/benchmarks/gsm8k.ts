// GSM8K test: 1,319 grade-school word problems; the gold answer follows `####`.

import { type Benchmark, field, readRows } from "./benchmark.ts";
import { basePrompts, lightevalMath, plain } from "../prompts.ts";

export const gsm8k: Benchmark = {
  name: "gsm8k",
  title: "GSM8K",
  file: {
    name: "gsm8k-test.jsonl",
    rows: 1319,
    url:
      "https://raw.githubusercontent.com/openai/grade-school-math/master/grade_school_math/data/test.jsonl",
    sha256: "3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14",
    licence: "MIT",
  },
  read: (text) =>
    readRows(text, "gsm8k-test.jsonl").map((row, i) => {
      const answer = field(row, "answer", "gsm8k-test.jsonl", i);
      const mark = answer.lastIndexOf("####");
      if (mark < 0) {
        throw new SyntaxError(`Cannot read gsm8k-test.jsonl as row ${i + 1} has no "####" answer`);
      }
      return {
        id: `gsm8k/${i}`,
        text: field(row, "question", "gsm8k-test.jsonl", i),
        answer: answer.slice(mark + 4).trim().replaceAll(",", ""),
        level: null,
      };
    }),
  protocols: {
    "ghpo-readme": { user: lightevalMath, samples: 1 },
    "ghpo-paper": { user: lightevalMath, samples: 1 },
    qwen: { user: plain, samples: 1 },
    lighteval: { user: lightevalMath, samples: 1 },
  },
  base: basePrompts.gsm8k,
};
