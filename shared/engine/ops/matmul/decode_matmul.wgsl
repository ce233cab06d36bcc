// The products of a decode step with what surrounds them. One thread computes 4 rows x 8 columns as in matmul_nn.
//
// RMSNorm costs no dispatch and next to no arithmetic: the kernel that writes the residual stream leaves a copy
// scaled by the next norm's weight and, for each block of 8 columns, the sum of squares (LEAVE_NORM). The next
// kernel multiplies the scaled copy and applies 1 / rms, a factor of the whole row, at the end (TAKE_NORM).
const TAKE_NORM = 0u;
const LEAVE_NORM = 0u;
const BIAS = 0u; // `added` is one row
const RESIDUAL = 0u; // `added` has all rows, as wide as those of w
const SWIGLU = 0u; // w holds gate and up columns: (inner, 2 cols)

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
@group(0) @binding(5) var<storage, read> norm: array<vec4f>; // (cols), weight of the norm to come
@group(0) @binding(6) var<storage, read_write> out: array<vec4f>; // (rows, cols)
@group(0) @binding(7) var<storage, read_write> scaled: array<vec4f>; // (rows, cols) = out * norm
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
  // Rows past the last live one are clamped; the loop that stores drops what they computed.
  let rows = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(state.live - 1u));
  var factor = vec4f(1.0);
  if (TAKE_NORM != 0u) {
    let blocks = (p.inner + 7u) / 8u;
    let first = rows * blocks;
    var sum = vec4f();
    for (var i = 0u; i < blocks; i++) {
      sum += vec4f(squares[first.x + i], squares[first.y + i], squares[first.z + i], squares[first.w + i]);
    }
    factor = inverseSqrt(sum / f32(p.inner) + p.eps);
  }
  let base = rows * p.inner;
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  var b0 = vec4f(); var b1 = vec4f(); var b2 = vec4f(); var b3 = vec4f();
  var at = 0u;
  for (var k = 0u; k < p.inner; k++) {
    let wa = w[at + quad];
    let wb = w[at + second];
    let r0 = vec4f(x[base.x + k]);
    let r1 = vec4f(x[base.y + k]);
    let r2 = vec4f(x[base.z + k]);
    let r3 = vec4f(x[base.w + k]);
    a0 = fma(r0, wa, a0); b0 = fma(r0, wb, b0);
    a1 = fma(r1, wa, a1); b1 = fma(r1, wb, b1);
    a2 = fma(r2, wa, a2); b2 = fma(r2, wb, b2);
    a3 = fma(r3, wa, a3); b3 = fma(r3, wb, b3);
    at += stride;
  }
  let end = min(row + 4u, state.live);
  for (var i = row; i < end; i++) {
    var a = a0 * factor.x;
    var b = b0 * factor.x;
    if (SWIGLU != 0u) {
      if (BIAS != 0u) {
        a += added[quad];
        b += added[second];
      }
      if (RESIDUAL != 0u) {
        a += added[i * stride + quad];
        b += added[i * stride + second];
      }
      out[i * quads + quad] = a / (1.0 + exp(min(-a, vec4f(80.0)))) * b;
    } else {
      let sum = store(i, quad, quads, a) + store(i, quad + 1u, quads, b);
      if (LEAVE_NORM != 0u) { squares[i * ((quads + 1u) / 2u) + id.x] = sum; }
    }
    a0 = a1; a1 = a2; a2 = a3;
    b0 = b1; b1 = b2; b2 = b3;
    factor = factor.yzwx;
  }
}
