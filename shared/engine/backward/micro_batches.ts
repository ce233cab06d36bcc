// From sequences to micro-batches: which go together, and which rows of a packed batch predict which tokens.

import type { Batch } from "#shared/engine/forward/packing.ts";
import { PrefixTree } from "#shared/engine/forward/prefix_tree.ts";

/** Prompt and completion tokens in one list; only the completion, from `prompt_length` (>= 1) on, is scored. */
export interface LearnerSequence {
  ids: ArrayLike<number>;
  prompt_length: number;
}

function completionLength({ ids, prompt_length }: LearnerSequence): number {
  return ids.length - prompt_length;
}

/** What the model reads of a sequence: all but the last token, which is only predicted. */
export function inputOf({ ids }: LearnerSequence): Uint32Array {
  return Uint32Array.from({ length: ids.length - 1 }, (_, i) => ids[i]!);
}

/**
 * Consecutive sequences that have, packed, at most `limit` tokens together, and predict at most as many; a longer one
 * by itself. What the sequences of a micro-batch begin with in common counts once, unless they are not to `share`: a
 * group that is larger than a micro-batch is split, and its prompt is in each part.
 */
export function inMicroBatches<T extends LearnerSequence>(
  sequences: readonly T[],
  limit: number,
  share = true,
): T[][] {
  const result: T[][] = [];
  let tree = new PrefixTree();
  let [apart, predicted] = [0, 0];
  for (const sequence of sequences) {
    const input = inputOf(sequence);
    const tokens = share ? tree.tokens + tree.cost(input) : apart + input.length;
    if (result.length === 0 || Math.max(tokens, predicted + completionLength(sequence)) > limit) {
      result.push([]);
      tree = new PrefixTree();
      [apart, predicted] = [0, 0];
    }
    result.at(-1)!.push(sequence);
    if (share) tree.add(input);
    apart += input.length;
    predicted += completionLength(sequence);
  }
  return result;
}

/**
 * The same as indices into the batch, without the sequences that have no completion.
 * @throws RangeError for a sequence longer than the limit or without a prompt.
 */
export function microBatches(
  batch: readonly LearnerSequence[],
  indices: Iterable<number>,
  limit: number,
  share = true,
): number[][] {
  const scored = [...indices].map((index) => ({ ...batch[index]!, index })).filter((sequence) => {
    if (completionLength(sequence) === 0) return false;
    check(sequence, limit);
    return true;
  });
  return inMicroBatches(scored, limit, share).map((part) => part.map(({ index }) => index));
}

function check({ ids, prompt_length }: LearnerSequence, limit: number): void {
  if (ids.length > limit) {
    throw new RangeError(
      `Cannot train on a sequence of ${ids.length} tokens as micro_batch_tokens must be at least that: current value is ${limit}`,
    );
  }
  if (prompt_length < 1 || prompt_length > ids.length) {
    throw new RangeError(
      `Cannot train on a sequence as prompt_length must be from 1 to ${ids.length}: current value is ${prompt_length}`,
    );
  }
}

/** What a packed batch predicts. What several sequences predict in common is one prediction. */
export interface Predictions {
  /** Of each prediction: the row that predicts, and the token. */
  rows: Uint32Array<ArrayBuffer>;
  targets: Uint32Array<ArrayBuffer>;
  /** Of each sequence: the prediction of each completion token. */
  of: Uint32Array[];
}

/** @param batch the inputs of the sequences, packed */
export function predictions(batch: Batch, sequences: readonly LearnerSequence[]): Predictions {
  const rows: number[] = [];
  const targets: number[] = [];
  const known = new Map<number, Map<number, number>>(); // row, token
  const of = sequences.map(({ ids, prompt_length }, i) => {
    const own = batch.rows[i]!;
    return Uint32Array.from({ length: ids.length - prompt_length }, (_, n) => {
      const [row, target] = [own[prompt_length + n - 1]!, ids[prompt_length + n]!];
      const here = known.get(row) ?? new Map<number, number>();
      known.set(row, here);
      const prediction = here.get(target);
      if (prediction !== undefined) return prediction;
      here.set(target, rows.length);
      rows.push(row);
      targets.push(target);
      return rows.length - 1;
    });
  });
  return { rows: Uint32Array.from(rows), targets: Uint32Array.from(targets), of };
}

/** @throws RangeError unless there is one coefficient for each completion token. */
export function checkCoefficients(
  batch: readonly LearnerSequence[],
  coefficients: readonly Float32Array[],
): void {
  if (coefficients.length !== batch.length) {
    throw new RangeError(
      `Cannot run the backward as the batch has ${batch.length} sequences: current number of coefficient lists is ${coefficients.length}`,
    );
  }
  for (const [i, sequence] of batch.entries()) {
    const [length, given] = [completionLength(sequence), coefficients[i]!.length];
    if (length !== given) {
      throw new RangeError(
        `Cannot run the backward as completion ${i} has ${length} tokens: current number of coefficients is ${given}`,
      );
    }
  }
}
