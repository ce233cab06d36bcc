// How a parameter's numbers are stored: f32, or 16 bits for the matrices of a model whose weights do not change.
// Products read them as they lie, and what computes sees f32 all the same: a checkpoint that is stored in 16 bits gives
// the same bits either way. A matrix that has adapters is unpacked into one buffer of the model just before each product
// that reads it, together with the adapters' product, as if merged in f32; decoding of large models, which would do so
// for every token, multiplies by the adapters themselves (merged_adapters.ts).

import type { Gpu } from "#shared/engine/gpu/device.ts";
import { type Binding, Recorder } from "#shared/engine/gpu/recorder.ts";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "#shared/io/half.ts";
import { unpack } from "#shared/engine/ops/storage/unpack.ts";
import { bytesOf, type Dtype } from "#shared/engine/ops/storage/dtype.ts";
import type { ParameterLayout } from "./layout.ts";
import type { Model, Parameter } from "./weights.ts";

/** Numbers that the host converts at a time. */
export const BLOCK = 1 << 20;

/** Tables of tokens, (vocabulary, hidden): the embeddings and the head. */
export function isTable({ sources }: Pick<ParameterLayout, "sources">): boolean {
  return !sources[0]!.transposed && sources[0]!.shape.length > 1;
}

/**
 * Overwrites the rows of a parameter from `first` on, (any, cols); 16 bits are rounded to nearest.
 * @throws RangeError for a number that is too large for float16.
 */
export function writeParameter(gpu: Gpu, parameter: Parameter, data: Float32Array, first = 0): void {
  const { buffer, cols, dtype } = parameter;
  const offset = first * cols * bytesOf(dtype);
  if (dtype === "float32") return gpu.write(buffer, data, offset);
  for (let at = 0; at < data.length; at += BLOCK) {
    const block = data.subarray(at, at + BLOCK);
    const stored = dtype === "bfloat16" ? f32ToBf16(block) : f32ToF16(block);
    if (dtype === "float16") checkRange(parameter, block, stored, at);
    gpu.write(buffer, new Uint32Array(stored.buffer), offset + at * bytesOf(dtype));
  }
}

/** A number that becomes infinite would ruin the model without a word. */
function checkRange(
  { cols, sources }: Parameter,
  block: Float32Array,
  stored: Uint16Array,
  at: number,
): void {
  const bad = stored.findIndex((half) => (half & 0x7fff) === 0x7c00);
  if (bad < 0) return;
  const column = isTable({ sources }) ? 0 : (at + bad) % cols;
  const { name } = sources.findLast((source) => source.column <= column)!;
  throw new RangeError(
    `Cannot store tensor ${name} as float16 as its numbers must be at most 65504: current number is ${
      block[bad]
    }; ` +
      "bfloat16 has the range of float32",
  );
}

/** The numbers of a parameter, (rows, cols), adapters included. */
export async function readParameter(model: Model, parameter: Parameter): Promise<Float32Array> {
  const { gpu } = model;
  const { rows, cols, buffer } = parameter;
  const recorder = new Recorder(gpu);
  const { w, dtype } = weightForMatmul(recorder, model, parameter);
  recorder.submit();
  recorder.destroy();
  if (dtype === "float32") return await gpu.readFloats("buffer" in w ? w.buffer : w, rows * cols);
  const widened = dtype === "bfloat16" ? bf16ToF32 : f16ToF32;
  const data = new Float32Array(rows * cols);
  for (let at = 0; at < data.length; at += BLOCK) {
    const count = Math.min(BLOCK, data.length - at);
    data.set(widened(new Uint16Array(await gpu.read(buffer, at * 2, count * 2))), at);
  }
  return data;
}

/** A matrix as products take it, (rows, cols), adapters included; one with adapters stays good until the next such. */
export function weightForMatmul(
  recorder: Recorder,
  model: Model,
  parameter: Parameter,
): { w: Binding; dtype: Dtype } {
  const { rows, cols: stride, buffer, dtype, sources } = parameter;
  const products = sources.map(({ name }) => model.adapters.get(name));
  if (dtype === "float32" || products.every((product) => product === undefined)) return { w: buffer, dtype };
  const out = { buffer: model.unpacked!, offset: 0, size: rows * stride * 4 };
  for (const [i, { column: first, shape: [cols] }] of sources.entries()) {
    const shape = { rows, stride, first, cols: cols!, dtype };
    unpack(recorder, { packed: buffer, product: products[i], out }, shape);
  }
  return { w: out, dtype: "float32" };
}
