// Matrix units for adapters that have none. In the texts for them, an operand becomes a place in workgroup memory,
// where it stays while it is used, and a result of 8 x 8 becomes a row in each of 8 threads. The rest runs as it stands.

import type { Gpu } from "#shared/gpu/device.ts";

const FUNCTIONS = `
var<private> lane: u32;
var<private> sums: array<f32, 128>; // this thread's rows of all results
struct Operand { first: u32, down: u32, across: u32 } // distances between rows, and between columns
fn row_major(first: u32, stride: u32) -> Operand { return Operand(first, stride, 1u); }
fn col_major(first: u32, stride: u32) -> Operand { return Operand(first, 1u, stride); }
struct Product { left: Operand, right: Operand, result: u32 }
// One loop for all: a processor's driver takes a quarter of a second to compile each.
fn multiply_accumulate(products: array<Product, 16>) {
  var all = products;
  for (var i = 0u; i < 16u * 64u; i++) {
    let product = all[i / 64u];
    let k = i / 8u % 8u;
    let x = tile[product.left.first + lane * product.left.down + k * product.left.across];
    let w = tile[product.right.first + k * product.right.down + i % 8u * product.right.across];
    let at = product.result + i % 8u;
    sums[at] = fma(x, w, sums[at]);
  }
}
struct Store { first: u32, result: u32, stride: u32 }
fn store_row_major(stores: array<Store, 16>) {
  var all = stores;
  for (var i = 0u; i < 16u * 8u; i++) {
    let store = all[i / 8u];
    tile[store.first + lane * store.stride + i % 8u] = sums[store.result + i % 8u];
  }
}
`;

const MULTIPLY = /^ *(\w+) = subgroupMatrixMultiplyAccumulate\((\w+), (\w+), \1\);\n/gm;
const STORE = /^ *subgroupMatrixStore<row_major>\(&tile, (.*), (\w+), (\w+)\);\n/gm;

const REPLACEMENTS: [RegExp, (match: string, ...groups: string[]) => string][] = [
  [/enable subgroups;\nenable chromium_experimental_subgroup_matrix;\n/, () => ""],
  [/alias Left = subgroup_matrix_left<f32, 8, 8>;\n/, () => ""],
  [/alias Right = subgroup_matrix_right<f32, 8, 8>;\n/, () => ""],
  [/alias Result = subgroup_matrix_result<f32, 8, 8>;\n/, () => ""],
  [/@builtin\(subgroup_id\) subgroup: u32,/, () => ""],
  [/(?=let quads)/, () => "lane = thread % 8u;\n  let subgroup = thread / 8u;\n  "],
  [/var (c(\d)_(\d)): Result;/g, (_, name, i, j) => `let ${name} = ${32 * Number(i) + 8 * Number(j)}u;`],
  [/subgroupMatrixLoad<(?:Left|Right), (row_major|col_major)>\(&tile, /g, (_, order) => `${order}(`],
  [MULTIPLY, (_, result, left, right) => `Product(${left}, ${right}, ${result}),\n`],
  [/(Product.*\n){16}/, (products) => `multiply_accumulate(array(\n${products}));\n`],
  [STORE, (_, first, result, stride) => `Store(${first}, ${result}, ${stride}),\n`],
  [/(Store.*\n){16}/, (stores) => `store_row_major(array(\n${stores}));\n`],
];

/** @throws Error when the text is not such a one as this knows. */
function emulated(wgsl: string): string {
  let text = wgsl;
  for (const [pattern, replacement] of REPLACEMENTS) {
    const replaced = text.replace(pattern, replacement);
    if (replaced === text) {
      throw new Error(`Cannot emulate matrix units as the text has nothing like ${pattern}`);
    }
    text = replaced;
  }
  if (/subgroup_?matrix/i.test(text)) {
    throw new Error("Cannot emulate matrix units as the text has more of them");
  }
  return text + FUNCTIONS;
}

/**
 * Lets any adapter run the kernels for matrix units, as one whose subgroups have 8 lanes, the largest of them `lanes`;
 * returns what undoes it.
 */
export function emulateMatrixUnits(gpu: Gpu, lanes = 8): () => void {
  const { matrixLanes, kernel } = gpu;
  gpu.matrixLanes = lanes;
  gpu.kernel = (label, wgsl, constants) => {
    if (!/^matmul_.._matrix/.test(label)) return kernel.call(gpu, label, wgsl, constants);
    return kernel.call(gpu, label, () => emulated(typeof wgsl === "string" ? wgsl : wgsl()), constants);
  };
  return () => {
    gpu.matrixLanes = matrixLanes;
    gpu.kernel = kernel;
  };
}
