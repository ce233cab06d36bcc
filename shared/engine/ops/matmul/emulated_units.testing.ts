// Matrix units for adapters that have none. In the texts for them, an operand becomes a place in workgroup memory,
// where it stays while it is used, and a result of 8 x 8 becomes a row in each of 8 threads. The rest runs unchanged.
// Where an adapter has units for f16 alone, as Mesa 26.2's lavapipe, only the type of the operands changes.

import type { MatrixConfig } from "#shared/engine/gpu/adapter.ts";
import { type Gpu, openGpu } from "#shared/engine/gpu/device.ts";
import { replaced, type ShaderText, textOf } from "#shared/engine/gpu/shader.ts";
import { hostGpu } from "#shared/engine/gpu/testing.ts";

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

export type Replacements = [RegExp, (match: string, ...groups: string[]) => string][];

const EMULATION: Replacements = [
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

const HALVES: Replacements = [
  [/enable subgroups;/, (line) => `enable f16;\n${line}`],
  [/alias (?:Left|Right) = subgroup_matrix_\w+<f32/g, (alias) => alias.replace("f32", "f16")],
  [
    /var<workgroup> tile: array<f32, (\d+)>;/,
    (line, n) => `${line}\nvar<workgroup> halves: array<f16, ${n}>;`,
  ],
  [/tile\[(.*)\] = (quad\.\w);/g, (_, at, value) => `halves[${at}] = f16(${value});`],
  [/(subgroupMatrixLoad<\w+, \w+>\()&tile/g, (_, load) => `${load}&halves`],
];

/**
 * What makes kernels on `gpu`, those of some labels from changed texts, which `end` follows.
 * @throws Error when a text is not such a one as this knows.
 */
export function changing(
  gpu: Gpu,
  isChanged: (label: string) => boolean,
  replacements: Replacements,
  end = "",
): Gpu["kernel"] {
  const { kernel } = gpu;
  const texts = new Map<ShaderText, () => string>();
  return (label, source, constants) => {
    if (!isChanged(label)) return kernel.call(gpu, label, source, constants);
    const text = texts.get(source) ??
      (() =>
        replacements.reduce((wgsl, [from, to]) => replaced(label, wgsl, from, to), textOf(source)) + end);
    texts.set(source, text);
    return kernel.call(gpu, label, text, constants);
  };
}

const isForMatrixUnits = (label: string) => /^matmul_.._matrix/.test(label);

/**
 * Lets any adapter run the kernels for matrix units, as one whose subgroups have 8 lanes, the largest of them `lanes`;
 * returns what undoes it.
 */
export function emulateMatrixUnits(gpu: Gpu, lanes = 8): () => void {
  const { matrixLanes, kernel } = gpu;
  gpu.matrixLanes = lanes;
  gpu.kernel = changing(gpu, isForMatrixUnits, EMULATION, FUNCTIONS);
  return () => {
    gpu.matrixLanes = matrixLanes;
    gpu.kernel = kernel;
  };
}

/** The adapter whose matrix units take f16, as one that runs the kernels with operands rounded to it; or undefined. */
export async function openForHalves(): Promise<Gpu | undefined> {
  const adapter = await (await hostGpu()).requestAdapter();
  if (!adapter) return undefined;
  const { features, limits } = adapter;
  const { vendor, architecture, device, description, subgroupMinSize, subgroupMaxSize } = adapter.info;
  const info = { vendor, architecture, device, description, subgroupMinSize, subgroupMaxSize };
  const { subgroupMatrixConfigs = [] } = adapter.info as { subgroupMatrixConfigs?: Iterable<MatrixConfig> };
  const configs = [...subgroupMatrixConfigs].filter(({ componentType, resultComponentType, M, N, K }) =>
    `${componentType} ${resultComponentType} ${M} ${N} ${K}` === "f16 f32 8 8 8"
  ).map(({ M, N, K }) => ({ componentType: "f32", resultComponentType: "f32", M, N, K }));
  const requestDevice = (descriptor: GPUDeviceDescriptor) => adapter.requestDevice(descriptor);
  const requestAdapter = () =>
    Promise.resolve({ features, limits, requestDevice, info: { ...info, subgroupMatrixConfigs: configs } });
  const gpu = await openGpu({ requestAdapter } as unknown as GPU, { profile: "gpu" });
  gpu.kernel = changing(gpu, isForMatrixUnits, HALVES);
  if (gpu.offers("matrix")) return gpu;
  gpu.close();
  return undefined;
}
