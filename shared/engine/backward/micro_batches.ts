// From sequences to micro-batches: which go together, and which rows of a packed batch predict which tokens.

/** Prompt and completion tokens in one list; only the completion, from `prompt_length` (>= 1) on, is scored. */
export interface LearnerSequence {
  ids: ArrayLike<number>;
  prompt_length: number;
}

export function completionLength({ ids, prompt_length }: LearnerSequence): number {
  return ids.length - prompt_length;
}

/**
 * Consecutive sequences with at most `limit` tokens together, as indices into the batch. Sequences without a
 * completion are left out.
 * @throws RangeError for a sequence longer than the limit or without a prompt.
 */
export function microBatches(
  batch: readonly LearnerSequence[],
  indices: Iterable<number>,
  limit: number,
): number[][] {
  const result: number[][] = [];
  let tokens = Infinity;
  for (const i of indices) {
    const { ids, prompt_length } = batch[i]!;
    if (ids.length === prompt_length) continue;
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
    if (tokens + ids.length > limit) {
      result.push([]);
      tokens = 0;
    }
    result.at(-1)!.push(i);
    tokens += ids.length;
  }
  return result;
}

/** Of sequences laid back to back: the row that predicts each completion token, and that token. */
export function predictions(sequences: readonly LearnerSequence[]) {
  const rows: number[] = [];
  const targets: number[] = [];
  let start = 0;
  for (const { ids, prompt_length } of sequences) {
    for (let t = prompt_length; t < ids.length; t++) {
      rows.push(start + t - 1);
      targets.push(ids[t]!);
    }
    start += ids.length;
  }
  return { rows: Uint32Array.from(rows), targets: Uint32Array.from(targets) };
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
