// Log-probability of given tokens and entropy of the whole distribution, from rows of logits.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import join from "./log_prob.wgsl" with { type: "text" };
import tile from "./log_prob_tile.wgsl" with { type: "text" };

/** Columns of logits that one thread reduces. */
const LOG_PROB_TILE = 1024;

export interface LogProbShape {
  rows: number;
  vocab: number;
  /** Columns of a row of logits: the vocabulary padded to a multiple of 4. */
  stride: number;
  temperature: number;
}

/** Bytes of `partials` for `rows` rows. */
export function logProbScratchBytes(rows: number, vocab: number): number {
  return rows * Math.ceil(vocab / LOG_PROB_TILE) * 16;
}

/**
 * With x = logits / temperature over the first `vocab` columns: lse = log sum exp x, log_prob = x[target] - lse,
 * entropy = -sum softmax(x) log softmax(x), all (rows), in nats. logits (rows, stride), targets (rows, u32).
 */
export function logProb(
  recorder: Recorder,
  buffers: {
    logits: Binding;
    targets: Binding;
    partials: Binding;
    log_prob: Binding;
    entropy: Binding;
    lse: Binding;
  },
  { rows, vocab, stride, temperature }: LogProbShape,
): void {
  const { logits, targets, partials, log_prob, entropy, lse } = buffers;
  const tiles = Math.ceil(vocab / LOG_PROB_TILE);
  const params = { rows, vocab, stride, tiles, inverse_temperature: 1 / temperature };
  const first = recorder.gpu.kernel("log_prob_tile", tile, { TILE: LOG_PROB_TILE });
  recorder.dispatch(first, params, { logits, partials }, linearGrid(rows * tiles, 64));
  const second = recorder.gpu.kernel("log_prob", join);
  const bindings = { logits, partials, targets, log_prob, entropy, lse };
  recorder.dispatch(second, params, bindings, linearGrid(rows, 64));
}
