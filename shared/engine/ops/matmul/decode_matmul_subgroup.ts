// The products of a decode step for adapters whose subgroups have 8 lanes: decode_matmul and decode_logits in one
// kernel, as every kernel takes its time to compile. See matmul_subgroup.ts for the scheme and decode_matmul.wgsl for
// the norms. A workgroup is one subgroup and computes some rows x 32 columns.

import { SUBGROUPS } from "#shared/engine/gpu/kernel.ts";
import { textsBy } from "#shared/engine/gpu/shader.ts";
import state from "#shared/engine/ops/decode/decode_state.wgsl" with { type: "text" };

type TileRows = 4 | 16;

/** Rows of a workgroup: those that are not there cost as much as others. More make the text longer to compile. */
export function tileRows(rows: number): TileRows {
  return rows <= 4 ? 4 : 16;
}

const lines = (n: number, line: (i: number) => string) =>
  Array.from({ length: n }, (_, i) => line(i)).join("\n");

/** The text of the kernel for `rows` rows a workgroup. */
export const decodeProductTexts = textsBy(decodeProductSource);

function decodeProductSource(rows: TileRows): string {
  const groups = Math.ceil(rows / 8); // a lane holds x of every eighth row
  return `${SUBGROUPS}${state}
struct Params {
  quads: u32, // cols of out / 4
  inner: u32, // multiple of 4
  eps: f32,
  w_quad: u32, // w of quad q in steps 4 k to 4 k + 3 are the quads q * w_quad + k * w_next + (0 to 3) * w_step
  w_step: u32,
  w_next: u32,
  transposed: u32, // those have one column each and not one step each: w is (cols, inner)
  out_first: u32, // in quads
  out_stride: u32,
  takes_norm: u32,
  leaves_norm: u32,
  has_bias: u32, // added is one row
  has_residual: u32, // added has all rows, as wide as those of w
  swiglu: u32, // w holds gate and up columns: (inner, 2 cols)
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> x: array<vec4f>; // (rows, inner)
@group(0) @binding(3) var<storage, read> w: array<vec4f>; // (inner, cols) or (cols, inner)
@group(0) @binding(4) var<storage, read> added: array<vec4f>; // (rows or 1, cols)
@group(0) @binding(5) var<storage, read> norm: array<vec4f>; // (cols)
@group(0) @binding(6) var<storage, read_write> out: array<vec4f>; // (rows, out_stride)
@group(0) @binding(7) var<storage, read_write> scaled: array<vec4f>; // (rows, cols)
@group(0) @binding(8) var<storage, read_write> squares: array<f32>; // (rows, ceil(width of the norm / 8))

/** 1 / rms of a row, or 1. */
fn rstd(row: u32) -> f32 {
  if (p.takes_norm == 0u) { return 1.0; }
  let blocks = (p.inner + 7u) / 8u;
  var sum = 0.0;
  for (var block = row * blocks; block < (row + 1u) * blocks; block++) { sum += squares[block]; }
  return inverseSqrt(sum / f32(p.inner) + p.eps);
}

struct Place {
  quad: u32, // of out
  column: u32, // quad of w and added
  inside: bool,
  norm: vec4f,
  bias: vec4f,
}

/** Stores a quad of a row of out, with what is added and what the next norm takes. */
fn finish(value: vec4f, row: u32, lane: u32, at: Place) {
  var v = value;
  if (p.has_bias != 0u) { v += at.bias; }
  if (p.has_residual != 0u) { v += added[row * select(p.quads, 2u * p.quads, p.swiglu != 0u) + at.column]; }
  let up = subgroupShuffleXor(v, 4u);
  if (p.swiglu != 0u) { v = v / (1.0 + exp(min(-v, vec4f(80.0)))) * up; }
  var sum = select(0.0, dot(v, v), at.inside);
  sum += subgroupShuffleXor(sum, 1u);
  if (!at.inside) { return; }
  out[row * p.out_stride + p.out_first + at.quad] = v;
  if (p.leaves_norm == 0u) { return; }
  scaled[row * p.quads + at.quad] = v * at.norm;
  if (lane % 2u == 0u) { squares[row * ((p.quads + 1u) / 2u) + at.quad / 2u] = sum; }
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let row = group.y * ${rows}u;
  if (row >= state.live) { return; }
  // Of SwiGLU the first four lanes compute the gate and the others what it multiplies.
  let lanes = select(8u, 4u, p.swiglu != 0u);
  let quad = group.x * lanes + lane % lanes;
  let column = min(quad, p.quads - 1u) + lane / lanes * p.quads;
  // Every lane takes part in the broadcasts: loads past the edges are clamped, only stores are left out.
  let last = state.live - 1u;
  let depth = p.inner / 4u;
${
    lines(groups, (g) =>
      `  let row${g} = min(row + ${8 * g}u + lane, last);\n  let factor${g} = rstd(row${g});`)
  }
  var at = column * p.w_quad;
${lines(rows, (r) => `  var a${r} = vec4f();`)}
  for (var k = 0u; k < depth; k++) {
${lines(groups, (g) => `    let x${g} = x[row${g} * depth + k];`)}
${lines(4, (i) => `    var w${i} = w[at + ${i}u * p.w_step];`)}
    at += p.w_next;
    if (p.transposed != 0u) {
      let t = transpose(mat4x4f(w0, w1, w2, w3));
${lines(4, (i) => `      w${i} = t[${i}];`)}
    }
${
    lines(rows, (r) => {
      const value = (i: number) => `vec4f(subgroupBroadcast(x${r >> 3}[${i}], ${r % 8}u))`;
      return `    a${r} = ${[0, 1, 2, 3].reduce((sum, i) => `fma(${value(i)}, w${i}, ${sum})`, `a${r}`)};`;
    })
  }
  }
  let place = Place(quad, column, quad < p.quads && lane < lanes, norm[min(quad, p.quads - 1u)], added[column]);
  // Rows are stored by one piece of code, through which they pass: stores take the longest to compile.
  let end = min(row + ${rows}u, state.live);
  for (var i = row; i < end; i++) {
    let n = i - row;
    var factor = subgroupShuffle(factor0, n % 8u);
${
    lines(groups - 1, (g) =>
      `    if (n / 8u == ${g + 1}u) { factor = subgroupShuffle(factor${g + 1}, n % 8u); }`)
  }
    finish(a0 * factor, i, lane, place);
${lines(rows - 1, (r) => `    a${r} = a${r + 1};`)}
  }
}
`;
}
