// bun studies/real-model/report.ts
// The tables of ../real-model.md from results/, and its figure ../real-model.svg: accuracies with exact 95 % intervals,
// differences from the start of an arm paired by problem (exact McNemar beside the interval) and, as the problems of a
// template or story are alike, by template or story (Student's t).

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { exactInterval } from "../../evaluator/statistics/intervals.ts";
import { comparePaired } from "../../evaluator/statistics/paired.ts";
import { mean } from "#shared/statistics.ts";
import { percent } from "#shared/text/format.ts";
import { forest } from "../../trainer/study/forest.ts";
import { difference, estimate } from "../../trainer/study/notation.ts";
import { type Estimate, pairedEstimate } from "../../trainer/study/statistics.ts";

interface Row {
  id: string;
  right: boolean;
  lenient: boolean;
  format: boolean;
  tokens: number;
  /** Of SVAMP's split by story. */
  story?: number;
}

/** Checkpoints in the order of the page, and what each is compared with. */
const CHECKPOINTS = [
  { name: "base", title: "base model" },
  { name: "cold", title: "sft, 15 templates, 200 examples", from: "base" },
  { name: "broad-584", title: "sft, 49 templates, 584 examples", from: "base" },
  { name: "broad-1920", title: "sft, 49 templates, 1,920 examples", from: "base" },
  { name: "svamp-cold", title: "cold start", from: "base" },
  { name: "svamp-sft", title: "cold start, then sft, 1 epoch", from: "svamp-cold" },
  { name: "svamp-sft-2", title: "cold start, then sft, 2 epochs", from: "svamp-cold" },
  { name: "svamp-grpo", title: "cold start, then GRPO", from: "svamp-cold" },
  { name: "svamp-ghpo", title: "cold start, then GHPO", from: "svamp-cold" },
  { name: "svamp-grpo-2e-4", title: "cold start, then GRPO at 2e-4, 31 steps", from: "svamp-cold" },
  { name: "svamp-ghpo-2e-4", title: "cold start, then GHPO at 2e-4, 21 steps", from: "svamp-cold" },
  { name: "svamp-grpo-200", title: "cold start, then GRPO at 2e-4, 200 steps", from: "svamp-cold" },
  { name: "svamp-ghpo-140", title: "cold start, then GHPO at 2e-4, 140 steps", from: "svamp-cold" },
  { name: "story-cold", title: "cold start" },
  { name: "story-sft-2", title: "cold start, then sft, 2 epochs", from: "story-cold" },
  { name: "story-grpo", title: "cold start, then GRPO", from: "story-cold" },
  { name: "story-ghpo", title: "cold start, then GHPO", from: "story-cold" },
];
const COMPARED = [
  ...CHECKPOINTS,
  { name: "svamp-ghpo-140", title: "cold start, then GHPO at 2e-4, 140 steps", from: "svamp-grpo-200" },
  { name: "svamp-sft-2", title: "cold start, then sft, 2 epochs", from: "base" },
  { name: "svamp-ghpo", title: "cold start, then GHPO", from: "svamp-grpo" },
  { name: "story-ghpo", title: "cold start, then GHPO", from: "story-grpo" },
];
/** Prompts of a step of svamp.toml. */
const GROUPS = 8;
const TITLES = new Map(CHECKPOINTS.map(({ name, title }) => [name, title]));
const RUNS = ["svamp-grpo", "svamp-ghpo", "svamp-grpo-2e-4", "svamp-ghpo-2e-4", "story-grpo", "story-ghpo", "story-ghpo-user"];
const TESTS = {
  unseen: "unseen templates",
  seen: "seen templates, other instances",
  svamp: "SVAMP's last 300",
  story: "SVAMP, unseen stories",
};

const folder = new URL("results/", import.meta.url);
function lines(name: string) {
  const file = new URL(name, folder);
  return existsSync(file)
    ? readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line))
    : [];
}
const load = (name: string, test: string): Row[] => lines(`${name}-${test}.jsonl`);
const share = (rows: readonly Row[], of: (row: Row) => boolean): Estimate => {
  const [count, n] = [rows.filter(of).length, rows.length];
  return { mean: count / n, ...exactInterval(count, n), n };
};

const pText = (p: number) => p < 0.001 ? "< 0.001" : p.toFixed(3);

const figure = [];
for (const [test, label] of Object.entries(TESTS)) {
  console.log(
    `\n| greedy, un-hinted, ${label} | problems | right | has \`####\` | tokens |\n| --- | --- | --- | --- | --- |`,
  );
  for (const { name, title } of CHECKPOINTS) {
    const rows = load(name, test);
    if (rows.length === 0) continue;
    const cells = [share(rows, (row) => row.right), share(rows, (row) => row.format)].map(estimate);
    console.log(
      `| ${[title, rows.length, ...cells, mean(rows.map((row) => row.tokens)).toFixed(0)].join(" | ")} |`,
    );
  }
  console.log(
    `\n| ${label}: difference in points | problems | by problem | p | by template or story |\n| --- | --- | --- | --- | --- |`,
  );
  for (const { name, title, from } of COMPARED) {
    const before = new Map(load(from ?? "", test).map((row) => [row.id, row]));
    const pairs = load(name, test).flatMap((row) =>
      before.has(row.id) ? [[before.get(row.id)!, row] as const] : []
    );
    if (pairs.length === 0) continue;
    const both = `${title} − ${TITLES.get(from!)}`;
    const scores = (side: 0 | 1, of = pairs) => of.map((pair) => Number(pair[side].right));
    const paired = comparePaired(scores(0), scores(1));
    const byProblem = { mean: paired.difference, ...paired.interval, n: pairs.length };
    const kinds = [...Map.groupBy(pairs, ([{ id, story }]) => story ?? id.split("/")[1]).values()];
    const means = (side: 0 | 1) => kinds.map((of) => mean(scores(side, of)));
    const byKind = kinds.length < pairs.length ? pairedEstimate(means(1), means(0)) : null;
    const p = pText(paired.p_value);
    console.log(`| ${[both, pairs.length, difference(byProblem), p, difference(byKind)].join(" | ")} |`);
    if (test === "svamp") figure.push({ name: both, estimate: byProblem });
  }
}

/**
 * Of a checkpoint asked several times at temperature 1, by `evaluate --benchmarks svamp_test.toml` or `story_test.toml`: the
 * right answers of `samples` to a problem, and its story in the split by story.
 */
interface Sampled {
  right: number;
  samples: number;
  story?: number;
}
const rate = ({ right, samples }: Sampled) => right / samples;
const sampled = (name: string): Sampled[] => lines(`${name}-sampled.jsonl`);
const byStory = (rows: Sampled[]) =>
  [...Map.groupBy(rows, ({ story }) => story).values()].map((of) => mean(of.map(rate)));
for (const test of ["svamp", "story"] as const) {
  const of = COMPARED.filter(({ name }) => name.startsWith(test) && sampled(name).length > 0);
  console.log(
    `\n| T = 1, un-hinted, ${TESTS[test]} | samples a problem | pass@1 | pass@k |\n| --- | --- | --- | --- |`,
  );
  for (const name of new Set(of.map(({ name }) => name))) {
    const rows = sampled(name);
    const solved = mean(rows.map(({ right }) => Number(right > 0)));
    const cells = [rows[0]!.samples, percent(mean(rows.map(rate))), percent(solved)];
    console.log(`| ${[TITLES.get(name), ...cells].join(" | ")} |`);
  }
  console.log(
    `\n| ${
      TESTS[test]
    }, T = 1: difference in points | by problem | p | by story |\n| --- | --- | --- | --- |`,
  );
  for (const { name, from } of of) {
    const [before, after] = [sampled(from ?? ""), sampled(name)];
    if (before.length === 0) continue;
    const paired = comparePaired(before.map(rate), after.map(rate));
    const cells = [
      difference({ mean: paired.difference, ...paired.interval, n: after.length }),
      pText(paired.p_value),
      after[0]!.story === undefined ? "" : difference(pairedEstimate(byStory(after), byStory(before))),
    ];
    console.log(`| ${[`${TITLES.get(name)} − ${TITLES.get(from!)}`, ...cells].join(" | ")} |`);
  }
}

console.log("\n| right of the first problems | base model | after GRPO, 200 steps |\n| --- | --- | --- |");
const benchmarks: { checkpoint: string; benchmark: string; right: number; n: number }[] = lines(
  "benchmarks.jsonl",
);
for (const [name, of] of Map.groupBy(benchmarks, ({ benchmark }) => benchmark)) {
  console.log(`| ${[name, ...of.map(({ right, n }) => `${right} of ${n}`)].join(" | ")} |`);
}

console.log(
  "\n| training | steps | generated tokens | all wrong at first | rescued of hinted | groups with a gradient | " +
    "right at T = 1, first and last third | GB |\n| --- | --- | --- | --- | --- | --- | --- | --- |",
);
for (const name of RUNS) {
  const steps: Record<string, number | null>[] = lines(`${name}-metrics.jsonl`);
  if (steps.length === 0) continue;
  const values = (key: string, of = steps) => of.flatMap((step) => step[key] ?? []);
  const sum = (key: string) => values(key).reduce((total, value) => total + value, 0);
  const third = Math.floor(steps.length / 3);
  const accuracy = [steps.slice(0, third), steps.slice(-third)]
    .map((part) => percent(mean(values("ghpo/accuracy_unhinted", part))));
  console.log(`| ${
    [
      name,
      steps.length,
      steps.at(-1)!.generated_tokens,
      percent(mean(values("ghpo/frac_difficult"))),
      `${sum("ghpo/rescued_groups")} of ${sum("ghpo/hinted_groups")}`,
      percent(sum("ghpo/effective_groups") / (GROUPS * steps.length)),
      accuracy.join(", "),
      (Math.max(...values("gpu_bytes")) / 1e9).toFixed(1),
    ].join(" | ")
  } |`);
}
writeFileSync(
  new URL("../real-model.svg", import.meta.url),
  forest(figure, { title: "SVAMP, unseen problems, greedy, un-hinted", xLabel: "points" }),
);
