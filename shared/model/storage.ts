// How a parameter's numbers are stored: f32, or bf16 for the matrices of a model whose weights do not change. What
// computes sees f32 all the same. A matrix in bf16 is unpacked into one slot of the model just before each product
// that reads it, together with the product of its adapters, if it has any; so rollouts and learner compute from the
// same bits, and for a checkpoint that is stored in bf16 from the same bits as with f32 weights.

import type { Gpu } from "#shared/gpu/device.ts";
import { type Binding, Recorder } from "#shared/gpu/recorder.ts";
import { f32ToBf16 } from "#shared/io/half.ts";
import { bytesOf, type Dtype, unpackBf16 } from "#shared/kernels/bf16.ts";
import { rowShards, type Shard } from "./shards.ts";
import type { Model, Parameter, ParameterLayout } from "./weights.ts";

/** Numbers that the host rounds to bf16 at a time. */
const BLOCK = 1 << 20;

/** Matrices take the model's type; norms and biases are few numbers and stay f32. */
export function storedAs({ rows }: ParameterLayout, dtype: Dtype): Dtype {
  return rows > 1 ? dtype : "float32";
}

/** Tables of tokens, (vocabulary, hidden): the embeddings and the head. */
export function isTable({ sources }: ParameterLayout): boolean {
  return !sources[0]!.transposed && sources[0]!.shape.length > 1;
}

/** Numbers of the slot that matrices in bf16 are unpacked into: the largest of a block, or 64 rows of a table. */
export function slotLength(layouts: readonly ParameterLayout[]): number {
  return Math.max(...layouts.map((layout) => (isTable(layout) ? 64 : layout.rows) * layout.cols));
}

/** Overwrites the rows of a parameter from `first` on, (any, cols); bf16 rounds to nearest. */
export function writeParameter(
  gpu: Gpu,
  { buffer, cols, dtype }: Parameter,
  data: Float32Array,
  first = 0,
): void {
  const offset = first * cols * bytesOf(dtype);
  if (dtype === "float32") return gpu.write(buffer, data, offset);
  for (let at = 0; at < data.length; at += BLOCK) {
    const stored = new Uint32Array(f32ToBf16(data.subarray(at, at + BLOCK)).buffer);
    gpu.write(buffer, stored, offset + at * bytesOf(dtype));
  }
}

/** The numbers of a parameter, (rows, cols), adapters included. */
export async function readParameter(model: Model, parameter: Parameter): Promise<Float32Array> {
  const { gpu } = model;
  if (parameter.dtype === "float32") return await gpu.readFloats(parameter.buffer);
  const { rows, cols } = parameter;
  const data = new Float32Array(rows * cols);
  const recorder = new Recorder(gpu);
  const blocks = isTable(parameter)
    ? floatRows(recorder, model, parameter)
    : [{ binding: floatMatrix(recorder, model, parameter), first: 0, count: rows }];
  for (const { first, count } of blocks) {
    recorder.submit();
    data.set(await gpu.readFloats(model.slot!, count * cols), first * cols);
  }
  recorder.destroy();
  return data;
}

/** A matrix of a block as f32 (rows, cols), adapters included; bf16 is unpacked and stays good until the next call. */
export function floatMatrix(recorder: Recorder, model: Model, parameter: Parameter): Binding {
  const { rows, cols: stride, buffer, dtype, sources } = parameter;
  if (dtype === "float32") return buffer;
  const out = { buffer: model.slot!, offset: 0, size: rows * stride * 4 };
  const products = sources.map(({ name }) => model.adapters.get(name));
  if (products.every((product) => product === undefined)) {
    unpackBf16(recorder, { packed: buffer, out }, { rows, stride });
    return out;
  }
  for (const [i, { column: first, shape: [cols] }] of sources.entries()) {
    unpackBf16(recorder, { packed: buffer, product: products[i], out }, { rows, stride, first, cols: cols! });
  }
  return out;
}

/**
 * The rows of a table as f32, in bindings that the adapter allows. Each is good until the next one is asked for, so
 * record what reads it inside the loop.
 */
export function* floatRows(recorder: Recorder, model: Model, parameter: Parameter): Generator<Shard> {
  const { cols, dtype } = parameter;
  if (dtype === "float32") {
    yield* rowShards(model.gpu, parameter);
    return;
  }
  const most = Math.floor(Math.min(model.slot!.size, model.gpu.bindingBytes) / (cols * 256)) * 64;
  for (const { binding, first, count } of rowShards(model.gpu, parameter, most)) {
    const out = { buffer: model.slot!, offset: 0, size: count * cols * 4 };
    unpackBf16(recorder, { packed: binding, out }, { rows: count, stride: cols });
    yield { binding: out, first, count };
  }
}
