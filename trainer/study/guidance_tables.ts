// The tables of the report about what happened inside the arms: groups and gradients, lucky answers, dependency.

import { difference, estimate, plain } from "./notation.ts";
import type { StudyPlan } from "./study_plan.ts";
import {
  extraShare,
  gradientVariance,
  meanOf,
  overSeeds,
  type Quantity,
  rescueRate,
  trainingTraced,
} from "./quantities.ts";
import { type ArmData, testScore, tracedShare } from "./results.ts";
import type { Estimate } from "./statistics.ts";

export interface Table {
  title: string;
  /** What the numbers are and how their intervals were made. */
  note: string;
  head: readonly string[];
  rows: readonly (readonly string[])[];
}

type Line = readonly [name: string, of: Quantity, show: (e: Estimate | null) => string];

const GROUPS: readonly Line[] = [
  ["difficult groups, first 10 steps", meanOf("ghpo/frac_difficult", 0, 10), estimate],
  ["difficult groups, last 10 steps", meanOf("ghpo/frac_difficult", -10), estimate],
  ["hinted groups", meanOf("ghpo/frac_hinted"), estimate],
  ["rescued at stage 1", rescueRate(1), estimate],
  ["rescued at stage 2", rescueRate(2), estimate],
  ["rescued at stage 3", rescueRate(3), estimate],
  ["all wrong to the end", meanOf("ghpo/frac_unsolved"), estimate],
  ["wasted groups before guidance", meanOf("ghpo/frac_zero_std_unhinted"), estimate],
  ["wasted groups after guidance", meanOf("frac_reward_zero_std"), estimate],
  ["effective groups an update", meanOf("ghpo/effective_groups"), (e) => plain(e, 1)],
  ["tokens of second and later rounds", extraShare, estimate],
  ["clipped tokens", meanOf("clip_ratio/region_mean"), estimate],
];
const UPDATES: readonly Line[] = [
  ["gradient norm", meanOf("grad_norm"), (e) => plain(e, 3)],
  ["variance of the gradient norm", gradientVariance, (e) => plain(e, 4)],
];

/** More arms than these stand in rows, as a page is longer than wide. */
const MOST_COLUMNS = 6;

/** One line a quantity and one column an arm, or the other way round. */
export function byArm(
  arms: readonly ArmData[],
  lines: readonly (readonly string[])[],
): Pick<Table, "head" | "rows"> {
  const head = ["", ...arms.map((data) => data.arm.title)];
  if (arms.length <= MOST_COLUMNS) return { head, rows: lines };
  return {
    head: ["arm", ...lines.map((line) => line[0]!)],
    rows: arms.map((data, i) => [data.arm.title, ...lines.map((line) => line[i + 1]!)]),
  };
}

/** What needs sampled groups: demonstrations have neither difficulty nor waste, whatever a run wrote down. */
function ofSamples(data: ArmData, of: Quantity): Estimate | null {
  const learnsTraces = [...data.runs.values()].some((run) => run.facts.recipe.algorithm === "sft");
  return learnsTraces ? null : overSeeds(data, of);
}

export function guidance(arms: readonly ArmData[]): Table {
  return {
    title: "What guidance did",
    note:
      "Means over the steps of a run, then over seeds, with 95 % t intervals; shares in per cent. A group is wasted " +
      'when all its rewards are equal, so that it has no gradient. Difficult and "before guidance" refer to the first ' +
      "group of a problem in a step, which an arm with a constant hint samples with it. Training samples at " +
      "temperature 1.",
    ...byArm(arms, [
      ...GROUPS.map(([name, of, show]) => [name, ...arms.map((data) => show(ofSamples(data, of)))]),
      ...UPDATES.map(([name, of, show]) => [name, ...arms.map((data) => show(overSeeds(data, of)))]),
    ]),
  };
}

export function lucky({ study }: StudyPlan, arms: readonly ArmData[]): Table {
  const { trained } = study;
  const from = hardFrom(arms);
  return {
    title: "Lucky answers",
    note:
      `A right answer to a hard problem (level ${from} and above of the trained families) is lucky when a step of its ` +
      "trace is wrong. In per cent, 95 % t intervals over seeds: final test, and of the right answers the share " +
      "that is not lucky, in the final test (un-hinted, greedy) and among the completions that were trained on " +
      "(temperature 1; in the hinted ones the steps shown are right by themselves). Scored again from the rollouts; " +
      "the reward saw the answer alone, except in arms whose reward checks the trace, whose training columns are 100.",
    head: [
      "arm",
      "right",
      "trace too",
      "of right ones",
      "training, first 10 steps",
      "last 10 steps",
      "training, hinted",
    ],
    rows: arms.map((data) => [
      data.arm.title,
      estimate(overSeeds(data, (run) => testScore(run.cells, { families: trained, from }))),
      estimate(overSeeds(data, (run) => testScore(run.cells, { families: trained, from, bits: "traced" }))),
      estimate(overSeeds(data, (run) => tracedShare(run.cells, trained, from))),
      estimate(overSeeds(data, trainingTraced("plain", 0, 10))),
      estimate(overSeeds(data, trainingTraced("plain", -10))),
      estimate(overSeeds(data, trainingTraced("hinted"))),
    ]),
  };
}

export function dependency({ study }: StudyPlan, arms: readonly ArmData[]): Table {
  const { trained: families, test } = study;
  const from = hardFrom(arms);
  const gain = (cells: ArmData["start"]) => {
    const hinted = testScore(cells, { families, from, hinted: true });
    return hinted === null ? null : hinted - testScore(cells, { families, from })!;
  };
  const row = (name: string, of: (query: (cells: ArmData["start"]) => number | null) => Estimate | null) => [
    name,
    estimate(of((cells) => testScore(cells, { families, from }))),
    estimate(of((cells) => testScore(cells, { families, from, hinted: true }))),
    difference(of(gain)),
  ];
  const single = (value: number | null) =>
    value === null ? null : { mean: value, low: null, high: null, n: 1 };
  const starts = new Map(arms.map((data) => [JSON.stringify(data.start), data]));
  return {
    title: "With and without a hint",
    note:
      `Final test on hard problems (level ${from} and above) of the trained families without a hint and with ` +
      `${
        100 * test.hint_ratio
      } % of the trace shown, in per cent, 95 % t intervals over seeds. A model that had come ` +
      "to depend on hints would gain more from one than before.",
    head: ["arm", "without", "with", "gain"],
    rows: [
      ...[...starts.values()].map(({ arm, start }) =>
        row(starts.size === 1 ? "start" : `start of ${arm.title}`, (query) => single(query(start)))
      ),
      ...arms.map((data) => row(data.arm.title, (query) => overSeeds(data, (run) => query(run.cells)))),
    ],
  };
}

function hardFrom(arms: readonly ArmData[]): number {
  const [run] = arms[0]?.runs.values() ?? [];
  const baseline = run?.facts.recipe["baseline"] as { hard_from_level?: number } | undefined;
  return baseline?.hard_from_level ?? 3;
}
