// The product of a decode step with what surrounds it: out = norm(x) w + bias + residual, or the SwiGLU of
// norm(x) w. One thread computes 4 rows x 8 columns as in matmul_nn; RMSNorm costs no dispatch of its own, as
// its 1 / rms is a factor of the whole row and the sum of squares comes with the loads.
const NORM = 0u;
const BIAS = 0u;
const RESIDUAL = 0u;
const SWIGLU = 0u; // w holds gate and up columns: (inner, 2 cols)

struct Params {
  cols: u32, // of out, multiple of 4
  inner: u32,
  eps: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> x: array<f32>; // (rows, inner)
@group(0) @binding(3) var<storage, read> norm: array<f32>; // (inner)
@group(0) @binding(4) var<storage, read> w: array<vec4f>; // (inner, cols)
@group(0) @binding(5) var<storage, read> bias: array<vec4f>; // (cols)
@group(0) @binding(6) var<storage, read> residual: array<vec4f>; // (rows, cols)
@group(0) @binding(7) var<storage, read_write> out: array<vec4f>; // (rows, cols)

fn store(row: u32, quad: u32, quads: u32, value: vec4f) {
  if (quad >= quads) { return; }
  var v = value;
  if (BIAS != 0u) { v += bias[quad]; }
  if (RESIDUAL != 0u) { v += residual[row * quads + quad]; }
  out[row * quads + quad] = v;
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quads = p.cols / 4u;
  let row = id.y * 4u;
  var quad = id.x * 2u;
  var second = min(quad + 1u, quads - 1u);
  var stride = quads;
  if (SWIGLU != 0u) {
    quad = id.x;
    second = quad + quads;
    stride = 2u * quads;
  }
  if (row >= state.live || quad >= quads) { return; }
  let last = state.live - 1u;
  let x0 = row * p.inner;
  let x1 = min(row + 1u, last) * p.inner;
  let x2 = min(row + 2u, last) * p.inner;
  let x3 = min(row + 3u, last) * p.inner;
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  var b0 = vec4f(); var b1 = vec4f(); var b2 = vec4f(); var b3 = vec4f();
  var squares = vec4f();
  var at = 0u;
  for (var k = 0u; k < p.inner; k++) {
    let wa = w[at + quad];
    let wb = w[at + second];
    var r = vec4f(x[x0 + k], x[x1 + k], x[x2 + k], x[x3 + k]);
    if (NORM != 0u) {
      squares = fma(r, r, squares);
      r *= norm[k];
    }
    a0 = fma(vec4f(r.x), wa, a0); b0 = fma(vec4f(r.x), wb, b0);
    a1 = fma(vec4f(r.y), wa, a1); b1 = fma(vec4f(r.y), wb, b1);
    a2 = fma(vec4f(r.z), wa, a2); b2 = fma(vec4f(r.z), wb, b2);
    a3 = fma(vec4f(r.w), wa, a3); b3 = fma(vec4f(r.w), wb, b3);
    at += stride;
  }
  var factor = vec4f(1.0);
  if (NORM != 0u) { factor = inverseSqrt(squares / f32(p.inner) + p.eps); }
  let end = min(row + 4u, state.live);
  for (var i = row; i < end; i++) {
    let a = a0 * factor.x;
    let b = b0 * factor.x;
    if (SWIGLU != 0u) {
      out[i * quads + quad] = a / (1.0 + exp(min(-a, vec4f(80.0)))) * b;
    } else {
      store(i, quad, quads, a);
      store(i, quad + 1u, quads, b);
    }
    a0 = a1; a1 = a2; a2 = a3;
    b0 = b1; b1 = b2; b2 = b3;
    factor = factor.yzwx;
  }
}
