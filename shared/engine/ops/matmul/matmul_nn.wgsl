// out = x w (+ bias) (+ residual). One thread computes 4 rows x 8 columns in registers: no barrier, no
// workgroup memory, which is what CPU Vulkan drivers run best and what every driver runs. Loops stay rolled
// and each load is written once: a CPU driver compiles in time proportional to the load sites.
struct Params {
  rows: u32,
  cols: u32, // multiple of 4
  inner: u32,
  has_bias: u32,
  has_residual: u32,
  accumulate: u32,
  x_stride: u32, // columns of x, of which `inner` from `x_first` on are used
  x_first: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // (rows, x_stride)
@group(0) @binding(2) var<storage, read> w: array<vec4f>; // (inner, cols)
@group(0) @binding(3) var<storage, read> bias: array<vec4f>; // (cols)
@group(0) @binding(4) var<storage, read> residual: array<vec4f>; // (rows, cols)
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>; // (rows, cols)

fn store(row: u32, quad: u32, quads: u32, value: vec4f) {
  if (quad >= quads) { return; }
  var v = value;
  if (p.has_bias != 0u) { v += bias[quad]; }
  if (p.has_residual != 0u) { v += residual[row * quads + quad]; }
  if (p.accumulate != 0u) { v += out[row * quads + quad]; }
  out[row * quads + quad] = v;
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quads = p.cols / 4u;
  let row = id.y * 4u;
  let quad = id.x * 2u;
  if (row >= p.rows || quad >= quads) { return; }
  // Loads past the edge are clamped; the loop that stores drops what they computed.
  let last = p.rows - 1u;
  let x0 = row * p.x_stride + p.x_first;
  let x1 = min(row + 1u, last) * p.x_stride + p.x_first;
  let x2 = min(row + 2u, last) * p.x_stride + p.x_first;
  let x3 = min(row + 3u, last) * p.x_stride + p.x_first;
  let second = min(quad + 1u, quads - 1u);
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  var b0 = vec4f(); var b1 = vec4f(); var b2 = vec4f(); var b3 = vec4f();
  var at = 0u;
  for (var k = 0u; k < p.inner; k++) {
    let wa = w[at + quad];
    let wb = w[at + second];
    let r0 = vec4f(x[x0 + k]);
    let r1 = vec4f(x[x1 + k]);
    let r2 = vec4f(x[x2 + k]);
    let r3 = vec4f(x[x3 + k]);
    a0 = fma(r0, wa, a0); b0 = fma(r0, wb, b0);
    a1 = fma(r1, wa, a1); b1 = fma(r1, wb, b1);
    a2 = fma(r2, wa, a2); b2 = fma(r2, wb, b2);
    a3 = fma(r3, wa, a3); b3 = fma(r3, wb, b3);
    at += quads;
  }
  let end = min(row + 4u, p.rows);
  for (var i = row; i < end; i++) {
    store(i, quad, quads, a0);
    store(i, quad + 1u, quads, b0);
    a0 = a1; a1 = a2; a2 = a3;
    b0 = b1; b1 = b2; b2 = b3;
  }
}
