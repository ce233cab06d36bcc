// The report's tables, as rows of short texts that Markdown and HTML both print.

import { percent } from "#shared/text/format.ts";
import { dependency, guidance, lucky, type Table } from "./guidance_tables.ts";
import { hints } from "./hint_tables.ts";
import type { StudyPlan } from "./study_plan.ts";
import { difference, estimate, plain, position, thousands } from "./notation.ts";
import { finalCompute, finalStep, finalTokens, overSeeds } from "./quantities.ts";
import { type ArmData, AXES, differenceAt, pairs, scores, testDifference, testScore } from "./results.ts";
import { twoWayBootstrap } from "./statistics.ts";

export function tablesOf(plan: StudyPlan, arms: readonly ArmData[]): Table[] {
  const { trained, test } = plan.study;
  const others = test.families.filter((family) => !trained.includes(family));
  const about = hints(arms);
  return [
    headline(plan, arms),
    differences(plan, arms),
    guidance(arms),
    lucky(plan, arms),
    ...(test.hint_ratio > 0 ? [dependency(plan, arms)] : []),
    ...(about === null ? [] : [about]),
    ...[...trained, ...others].map((family) => familyTable(plan, arms, family)),
  ];
}

function headline({ study }: StudyPlan, arms: readonly ArmData[]): Table {
  const { trained, test } = study;
  return {
    title: "Final test",
    note:
      `Un-hinted and greedy, on ${test.count} problems of each family and level from a seed used for no choice; ` +
      `mean over ${trained.join(", ")} and all levels, in per cent, with the 95 % t interval over seeds. ` +
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

function differences(plan: StudyPlan, arms: readonly ArmData[]): Table {
  const { study } = plan;
  const rows = pairs(plan, arms).map(({ reference, arm }) => [
    `${reference.arm.title} − ${arm.arm.title}`,
    difference(testDifference(reference, arm, { families: study.trained })),
    difference(testDifference(reference, arm, { families: study.trained, bits: "traced" })),
    ...AXES.map((axis) => {
      const found = differenceAt(reference, arm, axis);
      return found === null ? "–" : `${difference(found)} @ ${position(found.at, axis)}`;
    }),
  ]);
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
      "Equal steps, tokens and TFLOP: evaluations in the loop, interpolated at the point after @, the farthest that " +
      "all runs of both arms reached. An interval that includes 0 means that no difference is shown.",
    head: ["difference", "final test", "trace too", ...AXES.map((axis) => `equal ${axis}`)],
    rows,
  };
}

function familyTable({ study }: StudyPlan, arms: readonly ArmData[], family: string): Table {
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
