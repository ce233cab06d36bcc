// The scores of a run as scalars: an event file of TensorBoard, or the rows that Trackio's and other loggers' importers
// read as CSV. The step is the training step in the model's path (checkpoint-1200, step_1200), else 0.

import type { EvaluationResult } from "#shared/schemas/evaluation.ts";
import { tensorboardEvents } from "#shared/io/tensorboard.ts";
import type { ExportedFile } from "./exported_file.ts";

/** Scores by name, 0..1. */
function scalarsOf({ benchmarks, average }: EvaluationResult): Record<string, number> {
  const scalars: Record<string, number> = { "eval/average": average };
  for (
    const { name, pass_at_1, interval_95: [low, high], maj_at_k, k, problems, no_answer, truncated }
      of benchmarks
  ) {
    const answers = problems.reduce((sum, { samples }) => sum + samples, 0);
    scalars[`eval/${name}/pass_at_1`] = pass_at_1;
    scalars[`eval/${name}/pass_at_1_low`] = low;
    scalars[`eval/${name}/pass_at_1_high`] = high;
    if (k > 1) scalars[`eval/${name}/maj_at_k`] = maj_at_k;
    scalars[`eval/${name}/no_answer`] = no_answer / answers;
    scalars[`eval/${name}/truncated`] = truncated / answers;
  }
  return scalars;
}

/** The training step that a checkpoint's path names. */
export function stepOf(model: string): number {
  return Number(/(?:checkpoint|step)[-_]?(\d+)\D*$/.exec(model)?.[1] ?? 0);
}

/** TensorBoard's event file, named as it looks for them. */
export function toTensorboard(result: EvaluationResult): ExportedFile[] {
  const time = Date.parse(result.run.created_at) / 1000;
  const event = { wall_time: time, step: stepOf(result.model), values: scalarsOf(result) };
  return [{
    name: `events.out.tfevents.${Math.floor(time)}.ghpo`,
    content: [tensorboardEvents(time, [event])],
  }];
}

/** One row of CSV with a step and a time, as `trackio.import_csv` takes it. */
export function toCsv(result: EvaluationResult): ExportedFile[] {
  const row = { step: stepOf(result.model), timestamp: result.run.created_at, ...scalarsOf(result) };
  return [{
    name: "scalars.csv",
    content: [`${Object.keys(row).join(",")}\n${Object.values(row).join(",")}\n`],
  }];
}
