// The three matrix products for adapters whose subgroups have 8 lanes: CPU Vulkan drivers with AVX. The text of a
// kernel is put together here, as it is the same few lines for each of 32 rows.
//
// What such a driver is good and bad at decides the shape. A load from a buffer inside a loop becomes scalar loads of
// each number of each lane, every one behind a test of the lane and of the bounds: about 60 instructions for eight
// lanes' quads. A broadcast is one instruction, a multiply-add two, and every variable assigned in a loop costs one more a
// turn for the mask of lanes. So a workgroup is one subgroup and computes 32 rows x 32 or 64 columns: lanes hold w of
// different columns and x of different rows, and broadcasts hand x to all lanes. Two or four steps of the inner
// dimension go into one turn of the loop, so that x is read two or four at a time. More would pay by this count, but the
// loop must stay within the 32 KiB of an instruction cache, which is 512 multiply-adds of quads: 32 x 64 in four steps
// and 48 x 64 or 32 x 96 in two measured up to twice as slow, 16 x 64 and 24 x 64 a tenth.
//
// Every sum runs over the inner dimension in order: the same bits as matmul_nn and matmul_tn, whatever the tile.

import { SUBGROUPS } from "#shared/engine/gpu/kernel.ts";
import { replaced } from "#shared/engine/gpu/shader.ts";

export type Kind = "nn" | "nt" | "tn";

const ROWS = 32;
/** Quads of columns that a lane holds, and steps of the inner dimension a turn. */
const SHAPES = { nn: { panels: 2, steps: 2 }, nt: { panels: 1, steps: 4 }, tn: { panels: 2, steps: 2 } };

/** Rows and columns of `out` that a workgroup computes. */
export function subgroupTile(kind: Kind): { rows: number; cols: number } {
  return { rows: ROWS, cols: 32 * SHAPES[kind].panels };
}

const count = (n: number) => Array.from({ length: n }, (_, i) => i);
const lines = (n: number, line: (i: number) => string) => count(n).map(line).join("\n");

/** Parameters and bindings of the products whose operands are vectors. */
export const PRODUCT_BINDINGS = `struct Params {
  rows: u32,
  cols: u32,
  inner: u32,
  x_stride: u32,
  x_first: u32,
  out_stride: u32,
  out_first: u32,
  has_bias: u32,
  has_residual: u32,
  accumulate: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>; // (cols)
@group(0) @binding(4) var<storage, read> residual: array<vec4f>; // (rows, cols)
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>; // (rows, out_stride)
`;

/**
 * x is (rows, x_stride) from column `x_first` on, for tn (inner, x_stride); w is (inner, cols), for nt (cols, inner).
 * cols, x_stride, x_first, out_stride, out_first and, but for tn, inner are multiples of 4, for tn rows.
 */
export function subgroupProduct(kind: Kind): string {
  const { panels, steps } = SHAPES[kind];
  const each = (line: (panel: number) => string) => lines(panels, line);
  const bindings = kind === "nn"
    ? replaced("matmul_nn_subgroup", PRODUCT_BINDINGS, "x: array<vec4f>", "x: array<vec2f>")
    : PRODUCT_BINDINGS;
  return `${SUBGROUPS}
${bindings}
@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let quads = p.cols / 4u;
  let row = group.y * ${ROWS}u;
  let first = group.x * ${8 * panels}u + lane;
  // Every lane takes part in the broadcasts: loads past the edges are clamped, only stores are left out.
${each((c) => `  let quad${c} = min(first + ${8 * c}u, quads - 1u);`)}
${lines(ROWS, (r) => each((c) => `  var a${r}_${c} = vec4f();`))}
${loads(kind)}
${lines(ROWS, (r) => each((c) => `    a${r}_${c} = ${sum(kind, r, c, steps)};`))}
  }
  let end = min(row + ${ROWS}u, p.rows);
${each((c) => `  if (first + ${8 * c}u < quads) {\n${store(c)}\n  }`)}
}
`;
}

/** What comes before the loop, its head and its loads: x<group>_<step> and w<step>_<panel>. */
function loads(kind: Kind): string {
  const { panels, steps } = SHAPES[kind];
  const each = (line: (panel: number) => string) => lines(panels, line);
  if (kind === "tn") { // a lane holds x of four rows that lie side by side; the step past an odd end adds 0 times w
    return `  let stride = p.x_stride / 4u;
  var at_x = p.x_first / 4u + min(row / 4u + lane, p.rows / 4u - 1u);
  var at_w = 0u;
  for (var k = 0u; k < p.inner; k += 2u) {
    let both = k + 1u < p.inner;
    let x0 = x[at_x];
    let x1 = select(vec4f(), x[at_x + select(0u, stride, both)], both);
    at_x += 2u * stride;
${each((c) => `    let w0_${c} = w[at_w + quad${c}];`)}
    at_w += select(0u, quads, both);
${each((c) => `    let w1_${c} = w[at_w + quad${c}];`)}
    at_w += quads;`;
  }
  // A lane holds x of every eighth row, at so many steps.
  const groups = ROWS / 8;
  const head = `  let last = p.rows - 1u;
${
    lines(groups, (g) => {
      return `  var at_x${g} = (min(row + ${8 * g}u + lane, last) * p.x_stride + p.x_first) / ${steps}u;`;
    })
  }`;
  const loop = `  for (var k = 0u; k < p.inner; k += ${steps}u) {
${lines(groups, (g) => `    let x${g} = x[at_x${g}];\n    at_x${g} += 1u;`)}`;
  if (kind === "nn") {
    return `${head}
  var at_w = 0u;
${loop}
${lines(steps, (s) => `${each((c) => `    let w${s}_${c} = w[at_w + quad${c}];`)}\n    at_w += quads;`)}`;
  }
  // Rows of w are columns of out: four loads of four steps, turned into four steps of four columns.
  return `${head}
  let depth = p.inner / 4u;
${each((c) => `  var at_w${c} = quad${c} * p.inner;`)}
${loop}
${
    each((c) => {
      const rows = lines(4, (j) => `    let t${j}_${c} = w[at_w${c} + ${j}u * depth];`);
      const turned = lines(steps, (s) => {
        return `    let w${s}_${c} = vec4f(${count(4).map((j) => `t${j}_${c}[${s}]`).join(", ")});`;
      });
      return `${rows}\n${turned}\n    at_w${c} += 1u;`;
    })
  }`;
}

/** a<row>_<panel> and the products of one turn. */
function sum(kind: Kind, row: number, panel: number, steps: number): string {
  return count(steps).reduce((sum, step) => {
    const value = kind === "tn"
      ? `subgroupBroadcast(x${step}[${row % 4}], ${row >> 2}u)`
      : `subgroupBroadcast(x${row >> 3}[${step}], ${row % 8}u)`;
    return `fma(vec4f(${value}), w${step}_${panel}, ${sum})`;
  }, `a${row}_${panel}`);
}

/** Rows are stored by one piece of code, through which they pass: stores take the longest to compile. */
function store(panel: number): string {
  return `    let quad = quad${panel};
    for (var i = row; i < end; i++) {
      let at = (p.out_first + i * p.out_stride) / 4u + quad;
      var value = a0_${panel};
      if (p.has_bias != 0u) { value += bias[quad]; }
      if (p.has_residual != 0u) { value += residual[i * quads + quad]; }
      if (p.accumulate != 0u) { value += out[at]; }
      out[at] = value;
${lines(ROWS - 1, (r) => `      a${r}_${panel} = a${r + 1}_${panel};`)}
    }`;
}
