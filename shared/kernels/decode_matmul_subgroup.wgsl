// decode_matmul for adapters whose subgroups have 8 lanes: see matmul_subgroup.wgsl for the scheme, decode_matmul
// for the meaning of everything else. A workgroup is one subgroup and computes 8 rows x 64 columns.
const TAKE_NORM = 0u;
const LEAVE_NORM = 0u;
const BIAS = 0u;
const RESIDUAL = 0u;
const SWIGLU = 0u;

struct Params {
  cols: u32, // of out, multiple of 4
  inner: u32,
  eps: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> x: array<f32>; // (rows, inner)
@group(0) @binding(3) var<storage, read> w: array<vec4f>; // (inner, cols)
@group(0) @binding(4) var<storage, read> added: array<vec4f>; // (rows or 1, cols)
@group(0) @binding(5) var<storage, read> norm: array<vec4f>; // (cols)
@group(0) @binding(6) var<storage, read_write> out: array<vec4f>; // (rows, cols)
@group(0) @binding(7) var<storage, read_write> scaled: array<vec4f>; // (rows, cols)
@group(0) @binding(8) var<storage, read_write> squares: array<f32>; // (rows, ceil(width of the norm / 8))

/** Returns the sum of squares of what it stored. */
fn store(row: u32, quad: u32, quads: u32, value: vec4f) -> f32 {
  if (quad >= quads) { return 0.0; }
  let at = row * quads + quad;
  var v = value;
  if (BIAS != 0u) { v += added[quad]; }
  if (RESIDUAL != 0u) { v += added[at]; }
  out[at] = v;
  if (LEAVE_NORM != 0u) { scaled[at] = v * norm[quad]; }
  return dot(v, v);
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let quads = p.cols / 4u;
  let row = group.y * 8u;
  if (row >= state.live) { return; }
  var quad = (group.x * 8u + lane) * 2u;
  var stride = quads;
  var second = quad + 1u;
  var last = quads - 1u;
  if (SWIGLU != 0u) {
    quad = group.x * 8u + lane;
    second = min(quad, last) + quads;
    stride = 2u * quads;
    last = stride - 1u;
  }
  // Every lane takes part in the broadcasts: loads past the edges are clamped, only stores are left out.
  let own = min(row + lane, state.live - 1u);
  var at = own * p.inner;
  var wa = min(quad, quads - 1u);
  var wb = min(second, last);
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  var a4 = vec4f(); var a5 = vec4f(); var a6 = vec4f(); var a7 = vec4f();
  var b0 = vec4f(); var b1 = vec4f(); var b2 = vec4f(); var b3 = vec4f();
  var b4 = vec4f(); var b5 = vec4f(); var b6 = vec4f(); var b7 = vec4f();
  for (var k = 0u; k < p.inner; k++) {
    let v = x[at];
    let va = w[wa];
    let vb = w[wb];
    at += 1u;
    wa += stride;
    wb += stride;
    let r0 = vec4f(subgroupBroadcast(v, 0u));
    let r1 = vec4f(subgroupBroadcast(v, 1u));
    let r2 = vec4f(subgroupBroadcast(v, 2u));
    let r3 = vec4f(subgroupBroadcast(v, 3u));
    let r4 = vec4f(subgroupBroadcast(v, 4u));
    let r5 = vec4f(subgroupBroadcast(v, 5u));
    let r6 = vec4f(subgroupBroadcast(v, 6u));
    let r7 = vec4f(subgroupBroadcast(v, 7u));
    a0 = fma(r0, va, a0); b0 = fma(r0, vb, b0);
    a1 = fma(r1, va, a1); b1 = fma(r1, vb, b1);
    a2 = fma(r2, va, a2); b2 = fma(r2, vb, b2);
    a3 = fma(r3, va, a3); b3 = fma(r3, vb, b3);
    a4 = fma(r4, va, a4); b4 = fma(r4, vb, b4);
    a5 = fma(r5, va, a5); b5 = fma(r5, vb, b5);
    a6 = fma(r6, va, a6); b6 = fma(r6, vb, b6);
    a7 = fma(r7, va, a7); b7 = fma(r7, vb, b7);
  }
  if (quad >= quads) { return; }
  let blocks = (p.inner + 7u) / 8u;
  let end = min(row + 8u, state.live);
  for (var i = row; i < end; i++) {
    var factor = 1.0;
    if (TAKE_NORM != 0u) {
      var sum = 0.0;
      for (var block = i * blocks; block < (i + 1u) * blocks; block++) { sum += squares[block]; }
      factor = inverseSqrt(sum / f32(p.inner) + p.eps);
    }
    let a = a0 * factor;
    let b = b0 * factor;
    if (SWIGLU != 0u) {
      out[i * quads + quad] = a / (1.0 + exp(min(-a, vec4f(80.0)))) * b;
    } else {
      let sum = store(i, quad, quads, a) + store(i, quad + 1u, quads, b);
      if (LEAVE_NORM != 0u) { squares[i * ((quads + 1u) / 2u) + quad / 2u] = sum; }
    }
    a0 = a1; a1 = a2; a2 = a3; a3 = a4; a4 = a5; a5 = a6; a6 = a7;
    b0 = b1; b1 = b2; b2 = b3; b3 = b4; b4 = b5; b5 = b6; b6 = b7;
  }
}
