// The report's tables, as rows of short texts that Markdown and HTML both print.

import type { Plan } from "./plan.ts";
import { difference, estimate, percent, plain, position, thousands } from "./notation.ts";
import {
  extraShare,
  finalCompute,
  finalStep,
  finalTokens,
  gradientVariance,
  meanOf,
  overSeeds,
  type Quantity,
  rescueRate,
  trainingTraced,
} from "./quantities.ts";
import {
  type ArmData,
  AXES,
  type Axis,
  differenceAt,
  scores,
  testDifference,
  testScore,
  tracedShare,
} from "./results.ts";
import { type Estimate, twoWayBootstrap } from "./statistics.ts";

export interface Table {
  title: string;
  /** What the numbers are and how their intervals were made. */
  note: string;
  head: readonly string[];
  rows: readonly (readonly string[])[];
}

export function tablesOf(plan: Plan, arms: readonly ArmData[]): Table[] {
  const { trained, test } = plan.study;
  const others = test.families.filter((family) => !trained.includes(family));
  return [
    headline(plan, arms),
    differences(plan, arms),
    guidance(arms),
    lucky(plan, arms),
    ...(test.hint_ratio > 0 ? [dependency(plan, arms)] : []),
    ...[...trained, ...others].map((family) => familyTable(plan, arms, family)),
  ];
}

function headline({ study }: Plan, arms: readonly ArmData[]): Table {
  const { trained, test } = study;
  return {
    title: "Final test",
    note:
      `Un-hinted and greedy, on ${test.count} problems of each family and level from a seed that nothing was ` +
      `chosen by; mean over ${
        trained.join(", ")
      } and all levels, in per cent, with the 95 % t interval over seeds. ` +
      '"Trace too" counts an answer only when every step is right.',
    head: ["arm", "seeds", "steps", "tokens", "TFLOP", "start", "final", "trace too"],
    rows: arms.map((data) => [
      data.arm.title,
      String(data.runs.size),
      plain(overSeeds(data, finalStep), 0),
      thousands(overSeeds(data, finalTokens)),
      plain(overSeeds(data, finalCompute), 3),
      percent(testScore(data.start, { families: trained })!),
      estimate(overSeeds(data, (run) => testScore(run.cells, { families: trained }))),
      estimate(overSeeds(data, (run) => testScore(run.cells, { families: trained, bits: "traced" }))),
    ]),
  };
}

function differences({ study }: Plan, arms: readonly ArmData[]): Table {
  const find = (name: string) => arms.find((data) => data.arm.name === name);
  const rows = arms.flatMap((data) => {
    const reference = find(data.arm.reference ?? study.reference);
    if (reference === undefined || reference === data) return [];
    const at = (axis: Axis) => differenceAt(reference, data, axis);
    return [[
      `${reference.arm.title} − ${data.arm.title}`,
      difference(testDifference(reference, data, { families: study.trained })),
      difference(testDifference(reference, data, { families: study.trained, bits: "traced" })),
      ...AXES.map((axis) => {
        const found = at(axis);
        return found === null ? "–" : `${difference(found)} @ ${position(found.at, axis)}`;
      }),
    ]];
  });
  return {
    title: "Paired differences",
    note:
      "Points of un-hinted accuracy over the trained families with the 95 % t interval of the differences of runs " +
      "with the same seed (same problems in the same order). Final test: at the end of the runs" +
      (study.token_budget === null
        ? ". "
        : `, that is after ${
          study.token_budget.toLocaleString("en")
        } generated tokens, to the end of a step. `) +
      "Equal steps, tokens and TFLOP: evaluations in the loop, interpolated at the point behind @, the farthest that " +
      "all runs of both arms have reached. An interval that includes 0 is a difference not shown.",
    head: ["difference", "final test", "trace too", ...AXES.map((axis) => `equal ${axis}`)],
    rows,
  };
}

const ROWS: readonly [name: string, of: Quantity, show: (e: Estimate | null) => string][] = [
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
  ["gradient norm", meanOf("grad_norm"), (e) => plain(e, 3)],
  ["variance of the gradient norm", gradientVariance, (e) => plain(e, 4)],
  ["clipped tokens", meanOf("clip_ratio/region_mean"), estimate],
];

function guidance(arms: readonly ArmData[]): Table {
  return {
    title: "What guidance did",
    note:
      "Means over the steps of a run, then over seeds, with 95 % t intervals; shares in per cent. A group is wasted " +
      'when all its rewards are equal, so that it has no gradient. Difficult and "before guidance" are about the first ' +
      "group of a problem in a step, which an arm with a constant hint samples with it. Training samples at " +
      "temperature 1.",
    head: ["", ...arms.map((data) => data.arm.title)],
    rows: ROWS.map(([name, of, show]) => [name, ...arms.map((data) => show(overSeeds(data, of)))]),
  };
}

function lucky({ study }: Plan, arms: readonly ArmData[]): Table {
  const { trained } = study;
  const from = hardFrom(arms);
  return {
    title: "Lucky answers",
    note:
      `A right answer to a hard problem (level ${from} and above of the trained families) is lucky when a step of its ` +
      "trace is wrong. In per cent, 95 % t intervals over seeds: final test, and of the right answers the share " +
      "that is not lucky, in the final test (un-hinted, greedy) and among the completions that were trained on " +
      "(temperature 1; in the hinted ones the steps shown are right by themselves). Scored again from the rollouts; " +
      "the reward saw the answer alone unless the arm says otherwise.",
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

function dependency({ study }: Plan, arms: readonly ArmData[]): Table {
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
      row("start", (query) => single(query(arms[0]!.start))),
      ...arms.map((data) => row(data.arm.title, (query) => overSeeds(data, (run) => query(run.cells)))),
    ],
  };
}

function familyTable({ study }: Plan, arms: readonly ArmData[], family: string): Table {
  const { levels } = study.test;
  const row = (name: string, tests: readonly ArmData["start"][]) => {
    const cells = tests.map((test) => test.filter((cell) => cell.family === family && cell.hint_ratio === 0));
    const show = (table: readonly number[][]) =>
      table[0]?.length === 0 ? "–" : estimate(twoWayBootstrap(table));
    return [
      name,
      ...levels.map((level) =>
        show(cells.map((test) => test.filter((c) => c.level === level).flatMap((c) => scores(c))))
      ),
      show(cells.map((test) => test.flatMap((cell) => scores(cell)))),
    ];
  };
  const starts = new Map(arms.map((data) => [JSON.stringify(data.start), data]));
  return {
    title: `Final test: ${family}${study.trained.includes(family as never) ? "" : " (not trained on)"}`,
    note: "Un-hinted accuracy by level in per cent; 95 % bootstrap intervals over seeds and problems.",
    head: ["arm", ...levels.map((level) => `level ${level}`), "all"],
    rows: [
      ...[...starts.values()].map((data) =>
        row(starts.size === 1 ? "start" : `start of ${data.arm.title}`, [data.start])
      ),
      ...arms.map((data) => row(data.arm.title, [...data.runs.values()].map((run) => run.cells))),
    ],
  };
}

function hardFrom(arms: readonly ArmData[]): number {
  const [run] = arms[0]?.runs.values() ?? [];
  const baseline = run?.facts.recipe["baseline"] as { hard_from_level?: number } | undefined;
  return baseline?.hard_from_level ?? 3;
}
