// SVAMP: 1,000 one-step word problems, each with its kind of operation.

import { type Benchmark, field } from "./benchmark.ts";
import { basePrompts, lightevalMath, plain } from "../prompts.ts";

export const svamp: Benchmark = {
  name: "svamp",
  title: "SVAMP",
  file: {
    name: "svamp.json",
    rows: 1000,
    url: "https://raw.githubusercontent.com/arkilpatel/SVAMP/main/SVAMP.json",
    sha256: "5be77703a6d891ae476d7c082787ad361392aa02453b132516cdd5f4e7934e3e",
    licence: "MIT",
  },
  read: (text) => {
    const rows: unknown = JSON.parse(text);
    if (!Array.isArray(rows)) throw new SyntaxError("Cannot read svamp.json as it is not a list");
    return (rows as Record<string, unknown>[]).map((row, i) => {
      const body = field(row, "Body", "svamp.json", i).trim();
      return {
        id: field(row, "ID", "svamp.json", i),
        // Bodies often lack their full stop.
        text: `${body}${/[.?!]$/.test(body) ? "" : "."} ${field(row, "Question", "svamp.json", i).trim()}`,
        answer: field(row, "Answer", "svamp.json", i).replace(/\.0$/, ""),
        level: field(row, "Type", "svamp.json", i),
      };
    });
  },
  protocols: {
    "ghpo-readme": { user: lightevalMath, samples: 1 },
    "ghpo-paper": { user: lightevalMath, samples: 1 },
    qwen: { user: plain, samples: 1 },
    lighteval: { user: lightevalMath, samples: 1 },
  },
  base: basePrompts.gsm8k,
};
