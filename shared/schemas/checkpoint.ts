// The manifest of a checkpoint directory. It is written last, so a directory without one is not a checkpoint, and it
// lists every other file with size and digest, so a damaged one is found before it is used.

import * as v from "valibot";
import { count, name, nonNegative, seed, sha256, timestamp } from "./values.ts";

const FileEntrySchema = v.strictObject({
  /** Relative to the checkpoint directory. */
  path: v.pipe(name, v.check((path) => !/^\/|(^|\/)\.\.(\/|$)/.test(path), "must stay inside the directory")),
  bytes: count,
  sha256,
});
export type FileEntry = v.InferOutput<typeof FileEntrySchema>;

export const CheckpointManifestSchema = v.strictObject({
  format_version: v.literal(1),
  kind: v.picklist(["sft", "train"]),
  /** Optimizer steps done. */
  step: count,
  created_at: timestamp,
  /** `model_type` of config.json: llama, qwen2 or qwen3. */
  model_type: name,
  seed,
  /** Digest of the resolved recipe: a resume under another one is refused. */
  recipe_sha256: sha256,
  /** Adapter that the run used and the variant of each kernel; both must be the same on resume. */
  adapter: name,
  kernel_variants: v.record(v.string(), v.string()),
  /** Where the data order stands. Random numbers need no state: they are functions of seed and step. */
  data_cursor: v.strictObject({ epoch: count, index: count }),
  /** Digests of data, base model, adapter and reward modules; a resume after a change is refused. */
  inputs: v.optional(v.record(v.string(), sha256), {}),
  /** Totals up to this step. */
  generated_tokens: count,
  elapsed_s: nonNegative,
  /** Evaluation metrics at this step, for `best_by`. */
  metrics: v.record(v.string(), v.nullable(v.number())),
  files: v.pipe(v.array(FileEntrySchema), v.minLength(1)),
});
export type CheckpointManifest = v.InferOutput<typeof CheckpointManifestSchema>;
