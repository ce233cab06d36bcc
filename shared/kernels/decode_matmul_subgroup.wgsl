// The products of a decode step for adapters whose subgroups have 8 lanes: decode_matmul and decode_logits in one
// kernel, which compiles once. See matmul_subgroup.wgsl for the scheme and decode_matmul.wgsl for the norms. A workgroup
// is one subgroup and computes 16 rows x 32 columns, four steps of the sum at a time: what a loop carries is masked, so
// fewer rounds cost less.
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
  has_bias: u32, // `added` is one row
  has_residual: u32, // `added` has all rows
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

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let row = group.y * 16u;
  if (row >= state.live) { return; }
  // Of SwiGLU the first four lanes compute the gate and the others what it multiplies.
  let lanes = select(8u, 4u, p.swiglu != 0u);
  let quad = group.x * lanes + lane % lanes;
  let column = min(quad, p.quads - 1u) + lane / lanes * p.quads;
  // Every lane takes part in the broadcasts: loads past the edges are clamped, only stores are left out.
  let last = state.live - 1u;
  let row_a = min(row + lane, last);
  let row_b = min(row + 8u + lane, last);
  let factor_a = rstd(row_a);
  let factor_b = rstd(row_b);
  let depth = p.inner / 4u;
  var at = column * p.w_quad;
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  var a4 = vec4f(); var a5 = vec4f(); var a6 = vec4f(); var a7 = vec4f();
  var a8 = vec4f(); var a9 = vec4f(); var a10 = vec4f(); var a11 = vec4f();
  var a12 = vec4f(); var a13 = vec4f(); var a14 = vec4f(); var a15 = vec4f();
  for (var k = 0u; k < depth; k++) {
    let xa = x[row_a * depth + k];
    let xb = x[row_b * depth + k];
    var w0 = w[at];
    var w1 = w[at + p.w_step];
    var w2 = w[at + 2u * p.w_step];
    var w3 = w[at + 3u * p.w_step];
    at += p.w_next;
    if (p.transposed != 0u) {
      let t = transpose(mat4x4f(w0, w1, w2, w3));
      w0 = t[0]; w1 = t[1]; w2 = t[2]; w3 = t[3];
    }
    let r0 = subgroupBroadcast(xa, 0u);
    a0 = fma(r0.wwww, w3, fma(r0.zzzz, w2, fma(r0.yyyy, w1, fma(r0.xxxx, w0, a0))));
    let r1 = subgroupBroadcast(xa, 1u);
    a1 = fma(r1.wwww, w3, fma(r1.zzzz, w2, fma(r1.yyyy, w1, fma(r1.xxxx, w0, a1))));
    let r2 = subgroupBroadcast(xa, 2u);
    a2 = fma(r2.wwww, w3, fma(r2.zzzz, w2, fma(r2.yyyy, w1, fma(r2.xxxx, w0, a2))));
    let r3 = subgroupBroadcast(xa, 3u);
    a3 = fma(r3.wwww, w3, fma(r3.zzzz, w2, fma(r3.yyyy, w1, fma(r3.xxxx, w0, a3))));
    let r4 = subgroupBroadcast(xa, 4u);
    a4 = fma(r4.wwww, w3, fma(r4.zzzz, w2, fma(r4.yyyy, w1, fma(r4.xxxx, w0, a4))));
    let r5 = subgroupBroadcast(xa, 5u);
    a5 = fma(r5.wwww, w3, fma(r5.zzzz, w2, fma(r5.yyyy, w1, fma(r5.xxxx, w0, a5))));
    let r6 = subgroupBroadcast(xa, 6u);
    a6 = fma(r6.wwww, w3, fma(r6.zzzz, w2, fma(r6.yyyy, w1, fma(r6.xxxx, w0, a6))));
    let r7 = subgroupBroadcast(xa, 7u);
    a7 = fma(r7.wwww, w3, fma(r7.zzzz, w2, fma(r7.yyyy, w1, fma(r7.xxxx, w0, a7))));
    let r8 = subgroupBroadcast(xb, 0u);
    a8 = fma(r8.wwww, w3, fma(r8.zzzz, w2, fma(r8.yyyy, w1, fma(r8.xxxx, w0, a8))));
    let r9 = subgroupBroadcast(xb, 1u);
    a9 = fma(r9.wwww, w3, fma(r9.zzzz, w2, fma(r9.yyyy, w1, fma(r9.xxxx, w0, a9))));
    let r10 = subgroupBroadcast(xb, 2u);
    a10 = fma(r10.wwww, w3, fma(r10.zzzz, w2, fma(r10.yyyy, w1, fma(r10.xxxx, w0, a10))));
    let r11 = subgroupBroadcast(xb, 3u);
    a11 = fma(r11.wwww, w3, fma(r11.zzzz, w2, fma(r11.yyyy, w1, fma(r11.xxxx, w0, a11))));
    let r12 = subgroupBroadcast(xb, 4u);
    a12 = fma(r12.wwww, w3, fma(r12.zzzz, w2, fma(r12.yyyy, w1, fma(r12.xxxx, w0, a12))));
    let r13 = subgroupBroadcast(xb, 5u);
    a13 = fma(r13.wwww, w3, fma(r13.zzzz, w2, fma(r13.yyyy, w1, fma(r13.xxxx, w0, a13))));
    let r14 = subgroupBroadcast(xb, 6u);
    a14 = fma(r14.wwww, w3, fma(r14.zzzz, w2, fma(r14.yyyy, w1, fma(r14.xxxx, w0, a14))));
    let r15 = subgroupBroadcast(xb, 7u);
    a15 = fma(r15.wwww, w3, fma(r15.zzzz, w2, fma(r15.yyyy, w1, fma(r15.xxxx, w0, a15))));
  }
  let end = min(row + 16u, state.live);
  for (var i = row; i < end; i++) {
    let factor = select(subgroupShuffle(factor_a, (i - row) % 8u), subgroupShuffle(factor_b, (i - row) % 8u), i - row >= 8u);
    var v = a0 * factor;
    if (p.has_bias != 0u) { v += added[column]; }
    if (p.has_residual != 0u) { v += added[i * p.quads + column]; }
    let up = subgroupShuffleXor(v, 4u);
    if (p.swiglu != 0u) { v = v / (1.0 + exp(min(-v, vec4f(80.0)))) * up; }
    let inside = quad < p.quads && lane < lanes;
    var sum = select(0.0, dot(v, v), inside);
    sum += subgroupShuffleXor(sum, 1u);
    if (inside) {
      out[i * p.out_stride + p.out_first + quad] = v;
      if (p.leaves_norm != 0u) {
        scaled[i * p.quads + quad] = v * norm[quad];
        if (lane % 2u == 0u) { squares[i * ((p.quads + 1u) / 2u) + quad / 2u] = sum; }
      }
    }
    a0 = a1; a1 = a2; a2 = a3; a3 = a4; a4 = a5; a5 = a6; a6 = a7; a7 = a8;
    a8 = a9; a9 = a10; a10 = a11; a11 = a12; a12 = a13; a13 = a14; a14 = a15;
  }
}
