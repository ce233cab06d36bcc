// The three matrix products for adapters whose subgroups have 8 lanes (CPU Vulkan drivers with AVX): out = x w with
// any strides, (+ bias) (+ residual) (+ out). A workgroup is one subgroup and computes 16 rows x 32 columns. Each
// lane loads x of two rows and w of four columns; broadcasts hand every lane the x of all rows, so that a step of
// 64 products a lane takes 6 loads. The sums run in the same order as in matmul_nn and matmul_tn: same bits.
//
// Compiled behind `enable subgroups;`, which not every host can parse.
struct Params {
  rows: u32,
  cols: u32, // multiple of 4
  inner: u32,
  x_first: u32, // element (i, k) of x is at x_first + i * x_row + k * x_inner
  x_row: u32,
  x_inner: u32,
  w_inner: u32, // element (k, j) of w is at k * w_inner + j * w_col
  w_col: u32,
  out_first: u32, // element (i, j) of out is at out_first + i * out_row + j; multiples of 4
  out_row: u32,
  has_bias: u32,
  has_residual: u32,
  accumulate: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>; // (cols)
@group(0) @binding(4) var<storage, read> residual: array<vec4f>; // (rows, cols)
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let quads = p.cols / 4u;
  let row = group.y * 16u;
  let quad = group.x * 8u + lane;
  // Every lane takes part in the broadcasts: loads past the edges are clamped, only stores are left out.
  let last = p.rows - 1u;
  var at_x = p.x_first + min(row + lane, last) * p.x_row;
  var at_y = p.x_first + min(row + 8u + lane, last) * p.x_row;
  var at_w = 4u * min(quad, quads - 1u) * p.w_col;
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  var a4 = vec4f(); var a5 = vec4f(); var a6 = vec4f(); var a7 = vec4f();
  var b0 = vec4f(); var b1 = vec4f(); var b2 = vec4f(); var b3 = vec4f();
  var b4 = vec4f(); var b5 = vec4f(); var b6 = vec4f(); var b7 = vec4f();
  for (var k = 0u; k < p.inner; k++) {
    let xa = x[at_x];
    let xb = x[at_y];
    let v = vec4f(w[at_w], w[at_w + p.w_col], w[at_w + 2u * p.w_col], w[at_w + 3u * p.w_col]);
    at_x += p.x_inner;
    at_y += p.x_inner;
    at_w += p.w_inner;
    a0 = fma(vec4f(subgroupBroadcast(xa, 0u)), v, a0);
    a1 = fma(vec4f(subgroupBroadcast(xa, 1u)), v, a1);
    a2 = fma(vec4f(subgroupBroadcast(xa, 2u)), v, a2);
    a3 = fma(vec4f(subgroupBroadcast(xa, 3u)), v, a3);
    a4 = fma(vec4f(subgroupBroadcast(xa, 4u)), v, a4);
    a5 = fma(vec4f(subgroupBroadcast(xa, 5u)), v, a5);
    a6 = fma(vec4f(subgroupBroadcast(xa, 6u)), v, a6);
    a7 = fma(vec4f(subgroupBroadcast(xa, 7u)), v, a7);
    b0 = fma(vec4f(subgroupBroadcast(xb, 0u)), v, b0);
    b1 = fma(vec4f(subgroupBroadcast(xb, 1u)), v, b1);
    b2 = fma(vec4f(subgroupBroadcast(xb, 2u)), v, b2);
    b3 = fma(vec4f(subgroupBroadcast(xb, 3u)), v, b3);
    b4 = fma(vec4f(subgroupBroadcast(xb, 4u)), v, b4);
    b5 = fma(vec4f(subgroupBroadcast(xb, 5u)), v, b5);
    b6 = fma(vec4f(subgroupBroadcast(xb, 6u)), v, b6);
    b7 = fma(vec4f(subgroupBroadcast(xb, 7u)), v, b7);
  }
  if (quad >= quads) { return; }
  let end = min(row + 16u, p.rows);
  for (var i = row; i < end; i++) {
    let at = (p.out_first + i * p.out_row) / 4u + quad;
    var value = a0;
    if (p.has_bias != 0u) { value += bias[quad]; }
    if (p.has_residual != 0u) { value += residual[i * quads + quad]; }
    if (p.accumulate != 0u) { value += out[at]; }
    out[at] = value;
    a0 = a1; a1 = a2; a2 = a3; a3 = a4; a4 = a5; a5 = a6; a6 = a7; a7 = b0;
    b0 = b1; b1 = b2; b2 = b3; b3 = b4; b4 = b5; b5 = b6; b6 = b7;
  }
}
