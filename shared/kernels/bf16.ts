// bf16 as a type of storage: two numbers a 32-bit word, which every driver can read, unlike f16. Nothing computes in
// it. A kernel that reads quads of f32 reads bf16 by a change of its text; other kernels get an f32 copy.

import { type Binding, linearGrid, type Recorder } from "#shared/gpu/recorder.ts";
import packSource from "./pack_bf16.wgsl" with { type: "text" };
import unpackSource from "./unpack_bf16.wgsl" with { type: "text" };

/** How numbers are stored on the GPU, in Hugging Face's names. */
export type Dtype = "float32" | "bfloat16";

/** Bytes of a number. */
export function bytesOf(dtype: Dtype): number {
  return dtype === "bfloat16" ? 2 : 4;
}

const QUAD = `
fn quad_of_bf16(v: vec2u) -> vec4f {
  return bitcast<vec4f>(vec4u(v.x << 16u, v.x & 0xffff0000u, v.y << 16u, v.y & 0xffff0000u));
}
`;

/**
 * The kernel with the read-only binding `name`, an array of vec4f in its text, stored as bf16.
 * @throws Error when the text has no such binding.
 */
export function readingBf16(wgsl: string, name: string): string {
  const declaration = new RegExp(`(var<storage, *read> *${name} *: *array<)vec4f>`);
  if (!declaration.test(wgsl)) throw new Error(`Cannot read ${name} as bf16 as it must be an array<vec4f>`);
  const reads = new RegExp(`\\b${name}\\[([^\\]]*)\\]`, "g");
  return wgsl.replace(declaration, "$1vec2u>").replace(reads, `quad_of_bf16(${name}[$1])`) + QUAD;
}

/** out := x rounded to bf16. x has `length` numbers, a multiple of 4; out half as many words. */
export function packBf16(
  recorder: Recorder,
  buffers: { x: Binding; out: Binding },
  { length }: { length: number },
): void {
  const kernel = recorder.gpu.kernel("pack_bf16", packSource);
  recorder.dispatch(kernel, { quads: length / 4 }, buffers, linearGrid(length / 4, 64));
}

/** A product that belongs to some columns of a matrix: scale * a b, a (rows, rank), b (rank, columns). */
export interface LowRank {
  a: Binding;
  b: Binding;
  rank: number;
  scale: number;
}

/**
 * In the columns [first, first + cols), by default all: out (rows, stride) = packed (rows, stride) + the product.
 * All but the rows are multiples of 4.
 */
export function unpackBf16(
  recorder: Recorder,
  { packed, product, out }: { packed: Binding; product?: LowRank | undefined; out: Binding },
  { rows, stride, first = 0, cols = stride }: { rows: number; stride: number; first?: number; cols?: number },
): void {
  const kernel = recorder.gpu.kernel("unpack_bf16", readingBf16(unpackSource, "packed"));
  const params = { rows, stride, first, cols, rank: product?.rank ?? 0, scale: product?.scale ?? 0 };
  const bindings = { packed, a: product?.a ?? packed, b: product?.b ?? packed, out };
  recorder.dispatch(kernel, params, bindings, linearGrid(Math.ceil(rows / 4) * cols / 4, 64));
}
