// OlympiadBench, the 675 English text-only competition problems with checkable answers.

import { type Benchmark, type BenchmarkProblem, field, readRows } from "./benchmark.ts";
import { basePrompts, lightevalMath, plain } from "../prompts.ts";

export const olympiadbench: Benchmark = {
  name: "olympiadbench",
  title: "OlympiadBench",
  file: {
    name: "olympiadbench.jsonl",
    rows: 675,
    url:
      "https://raw.githubusercontent.com/QwenLM/Qwen2.5-Math/main/evaluation/data/olympiadbench/test.jsonl",
    sha256: "bb8c1e38a16ea9eacb77530315a674d883f267fbff79183effc53681b4fcc416",
    licence: "MIT",
  },
  read: (text) => readRows(text, "olympiadbench.jsonl").map(readRow),
  protocols: {
    "ghpo-readme": { user: lightevalMath, samples: 1 },
    "ghpo-paper": { user: lightevalMath, samples: 1 },
    qwen: { user: plain, samples: 1 },
    lighteval: { user: lightevalMath, samples: 1 },
  },
  base: basePrompts.cot,
};

function readRow(row: Record<string, unknown>, i: number): BenchmarkProblem {
  const answers = row["final_answer"];
  const answer: unknown = Array.isArray(answers) ? answers[0] : undefined;
  if (typeof answer !== "string") {
    throw new SyntaxError(`Cannot read olympiadbench.jsonl as row ${i + 1} has no text in "final_answer"`);
  }
  const context = row["context"];
  const question = field(row, "question", "olympiadbench.jsonl", i);
  const tolerance = Number(row["error"]);
  return {
    id: `olympiadbench/${field(row, "id", "olympiadbench.jsonl", i)}`,
    text: typeof context === "string" && context !== "" ? `${context}\n\n${question}` : question,
    // A few golds wrap every value in its own dollars: "$221,$8$".
    answer: answer.replaceAll("$", "").trim(),
    level: field(row, "subfield", "olympiadbench.jsonl", i),
    ...(row["error"] && Number.isFinite(tolerance) ? { tolerance } : {}),
  };
}
