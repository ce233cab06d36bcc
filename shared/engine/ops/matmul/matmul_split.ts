// The three matrix products of f32 by matrix units that take f16 and sum in f32, as NVIDIA's, AMD's and Intel's do. A
// number of f32 is the sum of a high and a low half of 11 bits each, 22 or 23 bits in all, and a product is high x high +
// high x low + low x high. (M. Ootomo and R. Yokota, "Recovering single precision accuracy from Tensor Cores while
// surpassing the FP32 theoretical peak performance", 2022.) What keeps its error near that of f32:
//
// - Halves reach from 2^-24 to 65504. Every row of x and column of w is multiplied by the power of two that brings the
//   largest of its numbers, in the 128 steps at hand, to 2^14 or 2^15: numbers down to 2^-16 of it keep all their bits,
//   smaller ones are off by up to 2^-39 of it.
// - Units may round every sum towards zero, as NVIDIA's do. They sum 128 steps at most, products of high halves apart
//   from the rest, which is 2^-11 of them; from there on f32 arithmetic adds. Where one product is larger than all others
//   together, such units may still lose 2^-23 of it in each of their sums.
//
// No GPU with such units was at hand: tests run the text with the units emulated, rounding to nearest and towards zero.
// The language is Dawn's experiment of 2026, which may still change.

import { type HalfUnits, MATRIX_SUBGROUPS } from "#shared/engine/gpu/adapter.ts";
import type { Dtype } from "#shared/engine/ops/storage/dtype.ts";
import { type Kind, PRODUCT_BINDINGS } from "./matmul_subgroup.ts";
import body from "./matmul_split.wgsl" with { type: "text" };

/** Bindings, parameters and layouts are those of `subgroupProduct`; the kind of product is in `splitConstants`. */
export const splitProduct = `enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
${PRODUCT_BINDINGS}
${body}`;

/** The constants of the text. */
export function splitConstants(
  kind: Kind,
  { M, N, K, lanes, roomy }: HalfUnits,
  dtype: Dtype = "float32",
): Record<string, number> {
  return {
    THREADS: MATRIX_SUBGROUPS * lanes,
    M,
    N,
    K,
    X_DOWN: kind === "tn" ? 1 : 0,
    W_DOWN: kind === "nt" ? 0 : 1,
    W_SPLIT: dtype === "float32" ? 1 : 0, // f16 has 11 bits, bf16 has 8
    ...(!roomy && { DEPTH: 16, HELD: 16, UNUSED: 0 }),
  };
}
