// Matrix units for f16 on adapters that have none, which need shader-f16 for it. In the text of matmul_split, an operand
// becomes a place in workgroup memory, and a result of M x N becomes every eighth of its rows in each of 8 threads.

import type { HalfUnits } from "#shared/engine/gpu/adapter.ts";
import type { Gpu } from "#shared/engine/gpu/device.ts";
import { changing, type Replacements } from "./emulated_units.testing.ts";

const functions = (truncates: boolean) => `
var<private> lane: u32;
// This thread's numbers of all results, those of \`rest\` after those of \`high\`.
var<private> results: array<f32, 2u * 32u * 32u / 8u>;
const PART_OF_RESULT = M * N / 8u;
struct Operand { first: u32, down: u32, across: u32 } // distances between rows, and between columns
fn row_major(first: u32, stride: u32) -> Operand { return Operand(first, stride, 1u); }
fn col_major(first: u32, stride: u32) -> Operand { return Operand(first, 1u, stride); }
struct Product { left: Operand, right: Operand, result: u32 }
// One loop for all, of a number of turns that a processor's driver does not know: it would unroll it and take minutes.
fn multiply_accumulate(products: array<Product, 3>, count: u32) {
  var all = products;
  for (var turn = 0u; turn < unknown(count * PART_OF_RESULT); turn++) {
    let product = all[turn / PART_OF_RESULT];
    let i = turn % PART_OF_RESULT;
    let x = product.left.first + (lane + i / N * 8u) * product.left.down;
    let w = product.right.first + i % N * product.right.across;
    var sum = 0f;
    for (var k = 0u; k < unknown(K); k++) {
      sum += f32(halves[x + k * product.left.across]) * f32(halves[w + k * product.right.down]);
    }
    let at = product.result * PART_OF_RESULT + i;
    results[at] = added(results[at], sum);
  }
}
fn store_row_major(first: u32, result: u32, stride: u32) {
  for (var i = 0u; i < unknown(PART_OF_RESULT); i++) {
    tile[first + (lane + i / N * 8u) * stride + i % N] = results[result * PART_OF_RESULT + i];
  }
}
fn clear(result: u32) {
  for (var i = 0u; i < unknown(PART_OF_RESULT); i++) { results[result * PART_OF_RESULT + i] = 0f; }
}
fn unknown(n: u32) -> u32 { return n + (p.accumulate >> 8u); }
/// Rounded to nearest or, as by some units, towards zero: one step back from a sum that is larger than it should be.
fn added(a: f32, b: f32) -> f32 {
  let sum = a + b;
  let larger = select(b, a, abs(a) >= abs(b));
  let lost = select(a, b, abs(a) >= abs(b)) - (sum - larger);
  let back = ${truncates} && ((sum > 0f && lost < 0f) || (sum < 0f && lost > 0f));
  return bitcast<f32>(bitcast<u32>(sum) - select(0u, 1u, back));
}
`;

const MULTIPLY = /^ *(\w+)\[own\] = subgroupMatrixMultiplyAccumulate\((\w+), (\w+), \1\[own\]\);\n/gm;
/** The number of a result. */
const numberOf = (name: string) => name === "rest" ? "MATRICES + own" : "own";

const EMULATION: Replacements = [
  [/enable subgroups;\nenable chromium_experimental_subgroup_matrix;\n/, () => ""],
  [/subgroup_matrix_left<f16, K, M>/, () => "Operand"],
  [/subgroup_matrix_right<f16, N, K>/, () => "Operand"],
  [/alias Result = subgroup_matrix_result<f32, N, M>;\n/, () => ""],
  [/@builtin\(subgroup_id\) subgroup: u32,/, () => ""],
  [/(?=let row = group)/, () => "lane = thread % 8u;\n  let subgroup = thread / 8u;\n  "],
  [/var (?:high|rest): array<Result, MATRICES>;/g, () => ""],
  [/(\w+)\[own\] = Result\(\);/g, (_, result) => `clear(${numberOf(result)});`],
  [/subgroupMatrixLoad<(?:Left|Right), (row_major|col_major)>\(&halves, /g, (_, order) => `${order}(`],
  [/let own = i \* ACROSS \+ j;\n/, (line) => `${line}var products: array<Product, 3>;\nvar count = 0u;\n`],
  [
    MULTIPLY,
    (_, result, left, right) =>
      `products[count] = Product(${left}, ${right}, ${numberOf(result)});\ncount++;\n`,
  ],
  [/if \(W_SPLIT == 1u\) \{\n(?:.*\n){2} *\}\n/, (last) => `${last}multiply_accumulate(products, count);\n`],
  [
    /subgroupMatrixStore<row_major>\(&tile, at, (\w+)\[own\], WIDE\);/g,
    (_, result) => `store_row_major(at, ${numberOf(result)}, WIDE);`,
  ],
  [/(for \(var \w+ = 0u; \w+ < )([^;]*);/g, (_, loop, turns) => `${loop}unknown(${turns});`],
];

/**
 * Lets an adapter with shader-f16 run products by units for f16, as one whose subgroups have 8 lanes, the largest of them
 * `lanes`, and whose units round sums to nearest or towards zero; returns what undoes it.
 */
export function emulateHalfUnits(
  gpu: Gpu,
  { M = 16, N = 16, K = 16, lanes = 8, roomy = true, truncates = false }:
    & Partial<HalfUnits>
    & { truncates?: boolean } = {},
): () => void {
  const { halfUnits, kernel } = gpu;
  gpu.halfUnits = { M, N, K, lanes, roomy };
  gpu.kernel = changing(gpu, (label) => /^matmul_.._split/.test(label), EMULATION, functions(truncates));
  return () => {
    gpu.halfUnits = halfUnits;
    gpu.kernel = kernel;
  };
}
