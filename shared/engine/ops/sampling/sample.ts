// Launchers of sample_tile.wgsl and sample.wgsl, the end of a decode step: see decode.ts.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import state from "#shared/engine/ops/decode/decode_state.wgsl" with { type: "text" };
import emitSource from "./sample_emit.wgsl" with { type: "text" };
import raceSource from "./sample_race.wgsl" with { type: "text" };
import sampleSource from "./sample.wgsl" with { type: "text" };
import tileSource from "./sample_tile.wgsl" with { type: "text" };

/** Columns of logits that one thread of the sampler takes. */
const SAMPLE_TILE = 1024;

const TILE_TEXT = state + raceSource + tileSource;
const JOIN_TEXT = state + emitSource + sampleSource;

export interface SampleShape {
  rows: number;
  vocab: number;
  stride: number;
  /** Ignored by the choice when greedy, not by the log-probability. */
  temperature: number;
  greedy: boolean;
  eosCount: number;
  /** This step within its block of `block` steps. */
  step: number;
  block: number;
}

/** Bytes of `partials` for `rows` rows. */
export function sampleScratchBytes(rows: number, vocab: number): number {
  return rows * Math.ceil(vocab / SAMPLE_TILE) * 16;
}

/**
 * Draws one token a row from softmax(logits / temperature), or takes the first largest. emitted (slots, block) gets
 * (token, log-probability as bits); next (rows) the token, or 2^32 - 1 when it ends the row.
 */
export function sampleTokens(
  recorder: Recorder,
  buffers: {
    state: Binding;
    logits: Binding;
    partials: Binding;
    eos: Binding;
    next: Binding;
    emitted: Binding;
  },
  { rows, vocab, stride, temperature, greedy, eosCount, step, block }: SampleShape,
): void {
  const tiles = Math.ceil(vocab / SAMPLE_TILE);
  const params = {
    vocab,
    stride,
    tiles,
    inverse_temperature: 1 / temperature,
    greedy: greedy ? 1 : 0,
    eos_count: eosCount,
    step,
    block,
  };
  const first = recorder.gpu.kernel("sample_tile", TILE_TEXT, { TILE: SAMPLE_TILE });
  recorder.dispatch(first, params, buffers, linearGrid(rows * tiles, 64));
  const second = recorder.gpu.kernel("sample", JOIN_TEXT);
  recorder.dispatch(second, params, buffers, linearGrid(rows, 64));
}
