// SVAMP: 1,000 one-step word problems, each with its kind of operation.

import { requiredText } from "#shared/problems/readers/rows.ts";
import { type Benchmark, mathProtocols } from "./benchmark.ts";
import { arithmetic } from "./exemplars.ts";
import { basePrompts } from "./prompts.ts";

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
  problem: (row) => {
    const body = requiredText(row, "Body").trim();
    return {
      id: requiredText(row, "ID"),
      // Bodies often lack their full stop.
      text: `${body}${/[.?!]$/.test(body) ? "" : "."} ${requiredText(row, "Question").trim()}`,
      answer: requiredText(row, "Answer").replace(/\.0$/, ""),
      level: requiredText(row, "Type"),
    };
  },
  protocols: mathProtocols,
  base: basePrompts.gsm8k,
  exemplars: arithmetic,
};
