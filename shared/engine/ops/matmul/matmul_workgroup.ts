// The three matrix products through workgroup memory, for hardware GPUs: 256 threads compute 64 x 64 elements of `out`,
// 4 x 4 each, and load every number of x and w once for all of them, 16 steps of the inner dimension at a time. CPU
// drivers suspend every lane at a barrier and run it several times slower than matmul_nn, which has none.
//
// Every sum runs over the inner dimension in order: the same bits as matmul_nn and matmul_tn where the driver fuses
// multiply-adds.

import { type Kind, PRODUCT_BINDINGS } from "./matmul_subgroup.ts";

/** Rows and columns of `out` that a workgroup computes. */
export const WORKGROUP_TILE = { rows: 64, cols: 64 };

const DEPTH = 16;

/**
 * Bindings, parameters and layouts are those of `subgroupProduct`. Both tiles are laid out as (16, 64), quads side by
 * side: an operand with its inner dimension in rows is copied, one with it in columns is turned 4 x 4 on the way.
 */
export function workgroupProduct(kind: Kind): string {
  return `${PRODUCT_BINDINGS}

var<workgroup> tile_x: array<vec4f, ${DEPTH * 16}>; // (${DEPTH}, 64 rows)
var<workgroup> tile_w: array<vec4f, ${DEPTH * 16}>; // (${DEPTH}, 64 columns)

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let quads = p.cols / 4u;
  let row = group.y * 64u;
  let quad = group.x * 16u;
  let own_row = thread / 16u;
  let own_quad = thread % 16u;
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  for (var k = 0u; k < p.inner; k += ${DEPTH}u) {
    // Past an edge numbers are 0 in both tiles, and the index is 0: no load lies outside.
${load(kind, "x")}
${load(kind, "w")}
    workgroupBarrier();
    for (var step = 0u; step < ${DEPTH}u; step++) {
      let r = tile_x[step * 16u + own_row];
      let c = tile_w[step * 16u + own_quad];
      a0 = fma(vec4f(r.x), c, a0);
      a1 = fma(vec4f(r.y), c, a1);
      a2 = fma(vec4f(r.z), c, a2);
      a3 = fma(vec4f(r.w), c, a3);
    }
    workgroupBarrier();
  }
  let column = quad + own_quad;
  if (column >= quads) { return; }
  let first = row + 4u * own_row;
  let end = min(first + 4u, p.rows);
  for (var i = first; i < end; i++) {
    let at = (p.out_first + i * p.out_stride) / 4u + column;
    var value = a0;
    if (p.has_bias != 0u) { value += bias[column]; }
    if (p.has_residual != 0u) { value += residual[i * quads + column]; }
    if (p.accumulate != 0u) { value += out[at]; }
    out[at] = value;
    a0 = a1; a1 = a2; a2 = a3;
  }
}
`;
}

/** One turn's part of an operand into its tile. */
function load(kind: Kind, name: "x" | "w"): string {
  const innerInRows = name === "x" ? kind === "tn" : kind !== "nt";
  if (innerInRows) { // a thread copies one quad
    const [first, width, stride] = name === "x"
      ? ["row / 4u", "p.rows / 4u", "p.x_stride / 4u"]
      : ["quad", "quads", "quads"];
    const start = name === "x" ? "p.x_first / 4u + " : "";
    return `    {
      let step = k + thread / 16u;
      let at = ${first} + thread % 16u;
      let inside = step < p.inner && at < ${width};
      tile_${name}[thread] = select(vec4f(), ${name}[select(0u, ${start}step * (${stride}) + at, inside)], inside);
    }`;
  }
  // A quarter of the threads turn a block of 4 x 4 each; the others wait, or turn the other operand.
  const [first, count, stride, start] = name === "x"
    ? ["row", "p.rows", "p.x_stride / 4u", "p.x_first / 4u + "]
    : ["4u * quad", "p.cols", "p.inner / 4u", ""];
  const base = name === "x" ? 0 : 64;
  return `    if (thread >= ${base}u && thread < ${base + 64}u) {
      let block = thread - ${base}u;
      let lines = ${first} + block / 4u * 4u;
      let step = k + block % 4u * 4u;
      var turned: mat4x4f;
      for (var i = 0u; i < 4u; i++) {
        let inside = step < p.inner && lines + i < ${count};
        let at = select(0u, ${start}(lines + i) * (${stride}) + step / 4u, inside);
        turned[i] = select(vec4f(), ${name}[at], inside);
      }
      turned = transpose(turned);
      for (var i = 0u; i < 4u; i++) { tile_${name}[(block % 4u * 4u + i) * 16u + block / 4u] = turned[i]; }
    }`;
}
