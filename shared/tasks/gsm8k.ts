// GSM8K test: 1,319 grade-school word problems; the gold answer follows `####`.

import { hashAnswer } from "#shared/problems/readers/answers.ts";
import { requiredText, RowFault } from "#shared/problems/readers/rows.ts";
import { type Benchmark, mathProtocols } from "./benchmark.ts";
import { arithmetic } from "./exemplars.ts";
import { basePrompts } from "./prompts.ts";

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
  train: {
    name: "gsm8k-train.jsonl",
    url:
      "https://raw.githubusercontent.com/openai/grade-school-math/master/grade_school_math/data/train.jsonl",
    licence: "MIT",
  },
  problem: (row, index) => {
    const solution = requiredText(row, "answer");
    const found = hashAnswer(solution);
    if (found === null) throw new RowFault('its answer has no final "#### ..."');
    return {
      id: `gsm8k/${index}`,
      text: requiredText(row, "question"),
      answer: found.answer.replaceAll(",", ""),
      solution: found.trace.replace(/<<[^<>]*>>/g, ""),
      level: null,
    };
  },
  protocols: mathProtocols,
  base: basePrompts.gsm8k,
  exemplars: arithmetic,
};
