// Where the training examples of a step come from: rollouts under a guidance strategy, demonstrations, or supervised
// examples. The loop (train.ts) asks for a batch, makes the update that the batch describes, and keeps the source's
// state in checkpoints without looking into it.

import type * as v from "valibot";
import type { CheckpointManifest } from "#shared/schemas/checkpoint.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { Group } from "#shared/schemas/rollout.ts";
import type { RecipeFacts } from "../alerts/rules.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import type { Steered } from "../run/steering.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";
import type { Values } from "./metrics.ts";
import type { Example } from "./examples.ts";
import type { UpdateSettings } from "./update.ts";

/** Where a source stands between two steps. */
export interface Position {
  /** Problems or examples drawn so far. */
  cursor: number;
  /** What the source must remember besides, as JSON. */
  state: unknown;
}

/** What one step trains on. */
export interface TrainingBatch {
  examples: Example[];
  update: UpdateSettings;
  /** Logits are divided by it, as they were when sampled. */
  temperature: number;
  learningRate: number;
  /** The recipe's name for the learning rate, for errors. */
  learningRateSetting: string;
  /** Where the next step continues. The weights must not change before it is known (train.staleness). */
  after: Position | Promise<Position>;
  /** Tokens that were sampled, and tokens that go through the model, prompts included. */
  generatedTokens: number;
  trainingTokens: number;
  /** Metrics of what was sampled, and its records for the run directory: none where nothing is sampled. */
  values: Values;
  groups: Group[];
  /** The numbers that matter, for the progress line. */
  note: string;
}

export interface BatchSource {
  kind: CheckpointManifest["kind"];
  /** Of its recipe, where that is not the built-in one: it knows strategies of a program's own. */
  schema?: v.GenericSchema<unknown, TrainRecipe>;
  /** Steps of the whole run. */
  steps: number;
  /** The problems of an epoch; null where problems are generated as they are needed. */
  problems: readonly Problem[] | null;
  /** What the rules for alerts need to know. */
  facts: RecipeFacts;
  tokenizer: Tokenizer;
  /** Names of the metrics in a batch's `values`. */
  metrics: readonly string[];
  /** Parts that an update is dealt in, over several ranks perhaps, and the recipe's name for their number. */
  shards: { count: number; setting: string };
  /** The state before the first step. */
  begin(): unknown;
  /** The state that a checkpoint kept. Throws a TypeError that names `what` when it is another source's. */
  restore(state: unknown, what: string): unknown;
  /** The batch of the step that follows `step` steps. */
  next(step: number, position: Position, steered: Steered): Promise<TrainingBatch>;
}

/** For sources that remember nothing but their cursor. */
export const withoutState = { begin: () => ({}), restore: () => ({}) };
