// Tokens of prompts that a GHPO step computes, counted on GSM8K with Qwen2.5's tokenizer and chat template, and the
// paper's system prompt, glue and stages: each prompt by itself, and what is left when a prompt takes over from the
// cache and from its batch what it begins with in common. Every problem counts as difficult at every stage.
//   npm run -s bench -- prefill [--shared DIR] [--problems N] [--json]

import { join } from "node:path";
import { parseArgs } from "node:util";
import { PrefixTree } from "#shared/engine/forward/prefix_tree.ts";
import { readProblems } from "#shared/io/problem_files.ts";
import { loadTokenizer } from "#shared/io/tokenizer_files.ts";
import { requireAll } from "#shared/problems/readers/rows.ts";
import { buildPrompt, type PromptStyle } from "#shared/text/prompts.ts";
import { hintAt } from "../trainer/ghpo/hint.ts";
import { tokenizerFolder } from "./runtimes/inputs.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean" },
    shared: { type: "string", default: process.env.GHPO_SHARED ?? "../shared" },
    problems: { type: "string", default: "512" },
  },
});
/** GSM8K has its own. */
const NO_COLUMNS = { id: "", text: "", answer: "", trace: "", level: "" };
const RATIOS = [0, 0.25, 0.5, 0.75];
const PER_STEP = 16;

const tokenizer = loadTokenizer(tokenizerFolder());
const path = join(values.shared, "data/gsm8k-train.jsonl");
const problems = requireAll(await readProblems(path, "gsm8k", NO_COLUMNS), path).slice(
  0,
  Number(values.problems),
);
const rows = (["user", "assistant"] as const).map((placement) => {
  const style: PromptStyle = { system: "ghpo", glue: "ghpo", placement };
  const stages = RATIOS.map(() => ({ alone: 0, computed: 0 }));
  for (let first = 0; first < problems.length; first += PER_STEP) {
    const tree = new PrefixTree(); // the cache of a step, in which nothing is lost
    for (const [stage, ratio] of RATIOS.entries()) {
      for (const problem of problems.slice(first, first + PER_STEP)) {
        const { hint } = hintAt(problem, stage, ratio, { cut: "character", leakGuard: true });
        const stem = buildPrompt(tokenizer, problem.text, hint, style).prompt_ids.slice(0, -1);
        stages[stage]!.alone += stem.length;
        stages[stage]!.computed += tree.cost(stem);
        tree.add(stem);
      }
    }
  }
  return { placement, stages };
});
if (values.json) console.log(JSON.stringify({ problems: problems.length, rows }));
else print();

function print(): void {
  const line = (cells: (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);
  line(["hint", "stage", "tokens of a prompt", "computed", "share"]);
  line(["---", "---", "---:", "---:", "---:"]);
  for (const { placement, stages } of rows) {
    const later = stages.slice(1);
    const sum = (key: "alone" | "computed") => later.reduce((total, stage) => total + stage[key], 0);
    const all = [...stages.entries()].map(([stage, counts]) => [String(stage), counts] as const);
    for (
      const [stage, counts] of [
        ...all,
        ["1 to 3", { alone: sum("alone"), computed: sum("computed") }] as const,
      ]
    ) {
      const share = `${(100 * counts.computed / counts.alone).toFixed(1)} %`;
      const each = (count: number) => (count / problems.length).toFixed(1);
      line([placement, stage, each(counts.alone), each(counts.computed), share]);
    }
  }
}
