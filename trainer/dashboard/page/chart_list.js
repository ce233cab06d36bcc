// Which charts there are and what they show: keys of metrics.jsonl with their names.

/** Series of a chart; * in a key stands for any part without a slash, in its label for what the star matched. */
export const CHARTS = [
  {
    title: "Reward",
    series: [["reward", "total"], ["rewards/*/mean", "*"]],
  },
  {
    title: "Accuracy",
    share: true,
    series: [
      ["ghpo/accuracy_unhinted", "un-hinted"],
      ["ghpo/accuracy_final", "with guidance"],
      ["eval_accuracy", "held-out"],
    ],
  },
  {
    title: "Difficult groups",
    share: true,
    series: [["ghpo/frac_difficult", "before guidance"], ["ghpo/frac_unsolved", "after guidance"]],
  },
  {
    title: "Guidance levels",
    share: true,
    stack: true,
    series: [["ghpo/frac_stage_*", "stage *"]],
    rest: "no hint",
  },
  { title: "Rescue rate", share: true, dots: true, series: [["ghpo/rescue_rate/stage_*", "stage *"]] },
  { title: "Held-out accuracy", share: true, dots: true, series: [["eval_accuracy/*", "*"]] },
  { title: "Loss", series: [["loss", "loss"]] },
  { title: "Entropy", unit: "nats", series: [["entropy", "entropy"]] },
  { title: "KL to the reference", unit: "nats", series: [["kl", "kl"]] },
  {
    title: "Clip ratio",
    series: [["clip_ratio/low_mean", "low side"], ["clip_ratio/high_mean", "high side"]],
  },
  { title: "Gradient norm", series: [["grad_norm", "before clipping"]] },
  { title: "Learning rate", series: [["learning_rate", "learning rate"]] },
  {
    title: "Completion length",
    unit: "tokens",
    series: [["completions/mean_length", "mean"], ["completions/max_length", "longest"]],
  },
  { title: "Cut off by the limit", share: true, series: [["completions/clipped_ratio", "truncated"]] },
  {
    title: "Groups with equal rewards",
    share: true,
    series: [["ghpo/frac_zero_std_unhinted", "before guidance"], ["frac_reward_zero_std", "trained on"]],
  },
  { title: "Speed", unit: "tokens/s", series: [["tokens_per_second", "generated and trained"]] },
  { title: "Time per phase", unit: "s", stack: true, series: [["time/*", "*"]] },
  {
    title: "Waiting for other ranks",
    unit: "s",
    series: [["team/wait", "waits"], ["team/exchange", "exchange"]],
  },
  { title: "GPU memory", unit: "MB", scale: 1e-6, series: [["gpu_bytes", "buffers"]] },
];

/** The series of a chart that a run has: { key, label }, in order. */
export function seriesOf(chart, keys) {
  return chart.series.flatMap(([pattern, label]) => {
    if (!pattern.includes("*")) return keys.includes(pattern) ? [{ key: pattern, label }] : [];
    const [before, after] = pattern.split("*");
    const part = (key) => key.slice(before.length, key.length - after.length);
    const fits = (key) =>
      key.length > before.length + after.length && key.startsWith(before) && key.endsWith(after) &&
      !part(key).includes("/");
    return keys.filter(fits).sort().map((key) => ({ key, label: label.replace("*", part(key)) }));
  });
}

/** The keys that any chart shows; with `more`, all that have a value a step. */
export function chartedKeys(keys, more = false) {
  const own = CHARTS.flatMap((chart) => seriesOf(chart, keys).map(({ key }) => key));
  return [...new Set(more ? [...own, ...otherKeys(keys)] : own)];
}

/** Logged numbers that none of the charts shows. */
export function otherKeys(keys) {
  const charted = new Set(CHARTS.flatMap((chart) => seriesOf(chart, keys).map(({ key }) => key)));
  return keys.filter((key) => !charted.has(key) && key !== "step").sort();
}

/** A chart each for the logged numbers that none of the charts shows. */
export function otherCharts(keys) {
  return otherKeys(keys).map((key) => ({ title: key, series: [[key, key]] }));
}
