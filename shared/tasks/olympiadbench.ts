// OlympiadBench, the 675 English text-only competition problems with checkable answers.

import { optionalText, requiredText } from "#shared/problems/readers/rows.ts";
import { type Benchmark, mathProtocols, onlyText } from "./benchmark.ts";
import { mathematics } from "./exemplars.ts";
import { basePrompts } from "./prompts.ts";

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
  problem: (row) => {
    const context = optionalText(row, "context");
    const question = requiredText(row, "question");
    const tolerance = Number(optionalText(row, "error") ?? NaN);
    return {
      id: `olympiadbench/${requiredText(row, "id")}`,
      text: context === null ? question : `${context}\n\n${question}`,
      // A few golds wrap every value in its own dollars: "$221,$8$".
      answer: onlyText(row, "final_answer").replaceAll("$", "").trim(),
      level: requiredText(row, "subfield"),
      ...(Number.isFinite(tolerance) ? { tolerance } : {}),
    };
  },
  protocols: mathProtocols,
  base: basePrompts.cot,
  exemplars: mathematics,
};
