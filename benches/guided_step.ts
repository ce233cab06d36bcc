// One whole GHPO step on a real model with LoRA adapters: prompts of GSM8K with hints, in the rounds that they need,
// then the update; beside an earlier build on the same prompts and lengths.
//   npm run -s bench -- guided-step --model DIR [--before DIR] [--shared DIR] [--prompts 4] [--samples 8] [--tokens 96]
//     [--rounds 3] [--micro-batch-tokens 2048] [--json]
// A quarter of the prompts each is solved plain, with the first, the second and the third hint. --model is a folder like
// SmolLM2-135M-Instruct's, --before a checkout of a build before shared prefixes. The builds take turns, a step each;
// ratios are medians of those of each turn. speed.md has results.

import { loadavg } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readProblems } from "#shared/io/problem_files.ts";
import { loadTokenizer } from "#shared/io/tokenizer_files.ts";
import { requireAll } from "#shared/problems/readers/rows.ts";
import { buildPrompt, type PromptStyle } from "#shared/text/prompts.ts";
import { hintAt } from "../trainer/ghpo/hint.ts";
import type { GuidedJob } from "./peers/guided_step.ts";
import { median } from "./peers/step_timing.ts";
import { type Taken, Turns } from "./peers/turns.ts";

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    before: { type: "string" },
    shared: { type: "string", default: process.env.GHPO_SHARED ?? "../shared" },
    prompts: { type: "string", default: "4" },
    samples: { type: "string", default: "8" },
    tokens: { type: "string", default: "96" },
    rounds: { type: "string", default: "3" },
    "micro-batch-tokens": { type: "string", default: "2048" },
    json: { type: "boolean" },
  },
});
if (values.model === undefined) {
  throw new TypeError("Cannot time a guided step as --model must name a folder");
}
const RATIOS = [0, 0.25, 0.5, 0.75];
const NO_COLUMNS = { id: "", text: "", answer: "", trace: "", level: "" }; // GSM8K has its own
const STYLE: PromptStyle = { system: "ghpo", glue: "ghpo", placement: "user" };
const PROGRAM = join(import.meta.dir, "peers/guided_step.ts");
const samples = Number(values.samples);

type Step = Taken & { sampling: number; update: number };

const tokenizer = loadTokenizer(values.model);
const path = join(values.shared, "data/gsm8k-train.jsonl");
const problems = requireAll(await readProblems(path, "gsm8k", NO_COLUMNS), path).slice(
  0,
  Number(values.prompts),
);
const rounds = RATIOS.map((ratio, stage) =>
  [...problems.entries()].filter(([i]) => i % RATIOS.length >= stage).map(([i, problem]) => {
    const { hint } = hintAt(problem, stage, ratio, { cut: "character", leakGuard: true });
    const { prompt_ids } = buildPrompt(tokenizer, problem.text, hint, STYLE);
    return { problem: i, prompt_ids, trained: i % RATIOS.length === stage };
  })
).filter((round) => round.length > 0);
const job: GuidedJob = { samples, rounds };

const load = loadavg().map((value) => value.toFixed(1));
const builds: Record<string, string> = {
  now: join(import.meta.dir, ".."),
  ...(values.before && { before: resolve(values.before) }),
};
const open: Record<string, Turns<{ parameters: number }>> = {};
for (const [name, root] of Object.entries(builds)) {
  const args = [PROGRAM, root, resolve(values.model), values.tokens, values["micro-batch-tokens"]];
  open[name] = await Turns.open(args, process.execPath, JSON.stringify(job));
}
const taken: Record<string, Step[]> = { now: [], before: [] };
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, each] of Object.entries(open)) {
    const step = await each.turn<Step>();
    taken[name]!.push(step);
    console.error(
      `${name} ${round + 1}: ${step.seconds.toFixed(1)} s, ${step.cpu.toFixed(1)} of the processor`,
    );
  }
}
for (const each of Object.values(open)) each.close();

const rows = Object.keys(open).map((build) => {
  const of = (key: keyof Step) => median(taken[build]!.map((step) => step[key]));
  const over = (key: keyof Step) => median(taken[build]!.map((step, i) => step[key] / taken.now![i]![key]));
  const [times, slower] = [of, over].map((value) => ({
    seconds: value("seconds"),
    sampling: value("sampling"),
    update: value("update"),
    cpu: value("cpu"),
  }));
  return { build, times: times!, slower: slower! };
});
const lengths = rounds.flat().map(({ prompt_ids }) => prompt_ids.length);
const shape = {
  groups_sampled: rounds.flat().length,
  groups_trained: problems.length,
  samples,
  tokens: Number(values.tokens),
  prompt_tokens: [Math.min(...lengths), Math.max(...lengths)],
};
if (values.json) console.log(JSON.stringify({ load, shape, rows }));
else print();

function print(): void {
  const line = (cells: (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);
  console.log(
    `Load averages before: ${
      load.join(", ")
    }; ${shape.groups_sampled} groups of ${samples} x ${shape.tokens} tokens ` +
      `sampled, ${shape.groups_trained} trained; prompts of ${shape.prompt_tokens.join(" to ")} tokens\n`,
  );
  line([
    "build",
    "step s",
    "slower by",
    "sampling s",
    "slower by",
    "update s",
    "slower by",
    "cpu s",
    "slower by",
  ]);
  line(["---", ...Array(8).fill("---:")]);
  for (const { build, times, slower } of rows) {
    const keys = ["seconds", "sampling", "update", "cpu"] as const;
    line([build, ...keys.flatMap((key) => [times[key].toFixed(2), `${slower[key].toFixed(2)}x`])]);
  }
}
