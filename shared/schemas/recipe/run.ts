// The settings of a run whatever it trains with: its model, directory and seed, and [checkpoint].

import * as v from "valibot";
import { AlertsSchema } from "../alerts.ts";
import { count, name, positive, seed } from "../values.ts";

const setting = v.optional;
export const CheckpointSchema = v.strictObject({
  /** 0: only the last step. */
  save_every: setting(count, 0),
  /** Number of newest checkpoints to keep, in addition to the best one; 0: all. */
  keep: setting(count, 2),
  /** Metric of the evaluation or the rollouts whose best value marks the best checkpoint; "" for none. */
  best_by: setting(v.string(), ""),
  /** Whether that is its largest value; null: by the metric's name. */
  greater_is_better: setting(v.nullable(v.boolean()), null),
});

export const TrainCheckpointSchema = v.strictObject({
  ...CheckpointSchema.entries,
  /** With [lora]: the adapters without the merged model, which `ghpo merge` makes. */
  adapter_only: setting(v.boolean(), false),
  /** Type of the saved merged model, with [lora]; trained weights are saved unchanged, or a resume would differ. */
  dtype: setting(v.picklist(["float32", "bfloat16"]), "float32"),
  /** Removes the oldest rollouts above this size; null: none. */
  max_rollouts_gb: setting(v.nullable(positive), null),
});

export const runEntries = {
  /** Directory of the model to start from. */
  model: name,
  /** Directory that the run writes into. */
  output_dir: name,
  /** Seed of everything random: data order, sampling, new adapters. */
  seed: setting(seed, 42),
  /** Kernel variants: "auto" takes the fastest that the adapter runs correctly, "base" the portable set. */
  variants: setting(v.picklist(["auto", "base"]), "auto"),
  /** Where metrics are written during training, in addition to metrics.jsonl. */
  report_to: setting(v.array(v.picklist(["tensorboard"])), []),
  /** Rules that watch a run. */
  alerts: setting(AlertsSchema, {}),
};
