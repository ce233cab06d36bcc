// Launcher of decode_row.wgsl: several tokens of a few rows, each row by itself, in one dispatch.

import { SUBGROUPS } from "#shared/engine/gpu/kernel.ts";
import type { Binding, Recorder } from "#shared/engine/gpu/recorder.ts";
import type { HeadShape } from "#shared/engine/ops/rope/rope.ts";
import rowSource from "./decode_row.wgsl" with { type: "text" };
import state from "./decode_state.wgsl" with { type: "text" };
import raceSource from "#shared/engine/ops/sampling/sample_race.wgsl" with { type: "text" };
import { headsTogether } from "#shared/engine/ops/attention/decode_attention.ts";
import { type StepProduct, stepTable } from "./decode_step.ts";
import { type Window, windowParameter } from "#shared/engine/ops/attention/segments.ts";
import { type Dtype, kernelReading } from "#shared/engine/ops/storage/dtype.ts";

const TEXT = SUBGROUPS + state + raceSource + rowSource;

/** What attention needs to know of a layer. Places are quads: of the pools, of the packed weights. */
export interface RowLayer extends Window {
  pool: number;
  /** Norms of queries and keys, (2, headDim), where the model has them. */
  qkNorm: number | undefined;
  rope: boolean;
}

/** What the kernel reads of a model and the tokens that end a row. */
export function rowProgram(
  products: readonly StepProduct[],
  layers: readonly RowLayer[],
  eos: readonly number[],
): Uint32Array<ArrayBuffer> {
  const words = layers.flatMap(({ pool, qkNorm, rope, ...seen }) => {
    return [pool, qkNorm ?? 0, windowParameter(seen), rope ? 1 : 0];
  });
  return Uint32Array.from([...stepTable(products), ...words, ...eos]);
}

export interface RowsShape extends HeadShape {
  rows: number;
  qkNorm: boolean;
  /** Numbers of each in the program. */
  products: number;
  layers: number;
  eosCount: number;
  /** Tokens to compute of each row, of `block` places that it has. */
  steps: number;
  block: number;
  hidden: number;
  /** Quads of a row of work, and the places of what attention takes and gives. */
  stride: number;
  projected: number;
  attended: number;
  eps: number;
  vocab: number;
  temperature: number;
  greedy: boolean;
  /** Numbers in the matrices, for the profiler. */
  numbers: number;
}

/** Up to `steps` tokens of every live row; see decode_row.wgsl for the buffers. Embeddings are of `dtype`. */
export function decodeRows(
  recorder: Recorder,
  buffers: {
    state: Binding;
    program: Binding;
    weights: Binding;
    embeddings: Binding;
    table: Binding;
    pools: Binding;
    work: Binding;
    emitted: Binding;
  },
  { rows, headDim, kvHeads, hidden, temperature, greedy, eosCount, qkNorm, numbers, ...shape }: RowsShape,
  dtype: Dtype,
): void {
  const group = shape.heads / kvHeads;
  const constants = { QUADS: headDim / 4, HEADS: headsTogether(group), QK_NORM: qkNorm ? 1 : 0 };
  const kernel = kernelReading(recorder.gpu, "decode_row", TEXT, "embeddings", dtype, constants);
  const params = {
    ...shape,
    group,
    head_quads: headDim / 4,
    hidden: hidden / 4,
    inverse_temperature: 1 / temperature,
    greedy: greedy ? 1 : 0,
    eos_count: eosCount,
  };
  const work = { rows: rows * shape.steps, cols: numbers, inner: 1 }; // for the profiler
  recorder.dispatch(kernel, { ...params, ...work }, buffers, [rows]);
}
