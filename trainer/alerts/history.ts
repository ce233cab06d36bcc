// What the rules look at: the first steps, the most recent ones and the evaluations of a run. It stays small however long
// the run is.

import type { Metrics } from "#shared/schemas/metrics.ts";

export interface History {
  /** The first `patience` training steps, oldest first. */
  first: readonly Metrics[];
  /** The last `patience` training steps, oldest first. */
  recent: readonly Metrics[];
  /** Records that hold a held-out accuracy, with the training reward and loss of the steps around it. */
  evaluations: readonly { step: number; accuracy: number; reward: number | null; loss: number | null }[];
}

export const NO_HISTORY: History = { first: [], recent: [], evaluations: [] };

/** The history with one record more. A record without a training step (the evaluation before the first) adds none. */
export function extend(history: History, record: Metrics, patience: number): History {
  const trained = record["step_time"] !== undefined || record["grad_norm"] !== undefined;
  const first = trained && history.first.length < patience ? [...history.first, record] : history.first;
  const recent = trained ? [...history.recent, record].slice(-patience) : history.recent;
  const accuracy = record["eval_accuracy"];
  if (typeof accuracy !== "number") return { ...history, first, recent };
  const [reward, loss] = [meanOf(recent, "reward"), meanOf(recent, "loss")];
  const evaluation = { step: record.step, accuracy, reward, loss };
  const { evaluations } = history;
  // The best and the last two are all that a rule asks for.
  const best = evaluations.reduce<typeof evaluation | null>(
    (a, b) => a === null || b.accuracy > a.accuracy ? b : a,
    null,
  );
  const kept = evaluations.filter((e, i) => e === best || i >= evaluations.length - 2);
  return { first, recent, evaluations: [...kept, evaluation] };
}

/** Values of a key where it has one. */
export function valuesOf(records: readonly Metrics[], key: string): number[] {
  return records.map((record) => record[key]).filter((value) => typeof value === "number");
}

/** The mean over the records that have the key, or null. */
export function meanOf(records: readonly Metrics[], key: string): number | null {
  const values = valuesOf(records, key);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
