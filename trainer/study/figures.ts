// The figures of a study's report: learning curves and what happened during training; where a chart cannot hold as
// many lines, the differences as a forest plot and a small chart for each arm with what it is compared with.

import { forest } from "./forest.ts";
import type { StudyPlan } from "./study_plan.ts";
import { chart, COLOURS, stacked } from "./plot.ts";
import { type ArmData, AXES, type Axis, curve, metricCurve, pairs, testDifference } from "./results.ts";

/** Charts of what happened during training: title, metric, whether it is a share. */
const DYNAMICS: readonly [title: string, key: string, percent: boolean][] = [
  ["Difficult groups: all wrong when first sampled", "ghpo/frac_difficult", true],
  ["Accuracy of training groups sampled without a hint", "ghpo/accuracy_unhinted", true],
  ["Difficult groups solved with the first hint", "ghpo/rescue_rate/stage_1", true],
  ["Difficult groups solved with the longest of three hints", "ghpo/rescue_rate/stage_3", true],
  ["Wasted groups after guidance", "frac_reward_zero_std", true],
  ["Gradient norm before clipping", "grad_norm", false],
  ["Entropy of the policy (nats a token)", "entropy", false],
  ["Tokens a completion", "completions/mean_length", false],
];

export interface Figures {
  /** Said of the figure where it cannot be seen. */
  name: string;
  /** The one next to the study's file, for READMEs. */
  main: string;
  /** At the head of the page. */
  results: readonly string[];
  /** Further down. */
  training: readonly string[];
}

export function figuresOf(plan: StudyPlan, arms: readonly ArmData[]): Figures {
  if (arms.length > COLOURS.length) {
    const differences = differencesFigure(plan, arms);
    const besideReference = pairs(plan, arms).map(({ reference, arm }) =>
      learningCurve([reference, arm], "generated tokens", arm.arm.title)
    );
    return {
      name: "Differences",
      main: `${differences}\n`,
      results: [differences],
      training: besideReference,
    };
  }
  const curves = AXES.map((axis) => learningCurve(arms, axis, `Un-hinted held-out accuracy against ${axis}`));
  const traces = learningCurve(
    arms,
    "generated tokens",
    "Whole trace right, held-out against generated tokens",
    "eval_trace_accuracy",
  );
  const training = DYNAMICS.map(([title, key, percent]) =>
    chart(arms.map((data) => ({ name: data.arm.title, points: metricCurve(data, key) })), {
      title,
      xLabel: "step (mean of five)",
      percent,
    })
  );
  return {
    name: "Learning curves",
    main: stacked(curves.slice(0, 2)),
    results: [...curves, traces],
    training,
  };
}

function learningCurve(arms: readonly ArmData[], axis: Axis, title: string, key = "eval_accuracy"): string {
  return chart(arms.map((data) => ({ name: data.arm.title, points: curve(data, axis, key) })), {
    title,
    xLabel: axis,
    percent: true,
  });
}

function differencesFigure(plan: StudyPlan, arms: readonly ArmData[]): string {
  const rows = pairs(plan, arms).flatMap(({ reference, arm }) => {
    const estimate = testDifference(reference, arm, { families: plan.study.trained });
    return estimate === null ? [] : [{ name: `${reference.arm.title} − ${arm.arm.title}`, estimate }];
  });
  return forest(rows, {
    title: "Paired differences of un-hinted accuracy in the final test",
    xLabel: "points, with the 95 % t interval over seeds",
  });
}
