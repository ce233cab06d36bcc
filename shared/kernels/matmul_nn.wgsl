// out = x w (+ bias) (+ residual). One thread computes 4 rows x 8 columns in registers: no barrier, no
// workgroup memory, which is what CPU Vulkan drivers run best and what every driver runs.
struct Params {
  rows: u32,
  cols: u32, // multiple of 4
  inner: u32, // multiple of 4
  has_bias: u32,
  has_residual: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>; // (rows, inner)
@group(0) @binding(2) var<storage, read> w: array<vec4f>; // (inner, cols)
@group(0) @binding(3) var<storage, read> bias: array<vec4f>; // (cols)
@group(0) @binding(4) var<storage, read> residual: array<vec4f>; // (rows, cols)
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>; // (rows, cols)

fn store(row: u32, quad: u32, quads: u32, value: vec4f) {
  if (row >= p.rows || quad >= quads) { return; }
  var v = value;
  if (p.has_bias != 0u) { v += bias[quad]; }
  if (p.has_residual != 0u) { v += residual[row * quads + quad]; }
  out[row * quads + quad] = v;
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quads = p.cols / 4u;
  let depth = p.inner / 4u;
  let row = id.y * 4u;
  let quad = id.x * 2u;
  if (row >= p.rows || quad >= quads) { return; }
  // Loads past the edge are clamped; `store` drops what they computed.
  let last = p.rows - 1u;
  let x0 = row * depth;
  let x1 = min(row + 1u, last) * depth;
  let x2 = min(row + 2u, last) * depth;
  let x3 = min(row + 3u, last) * depth;
  let second = min(quad + 1u, quads - 1u);
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  var b0 = vec4f(); var b1 = vec4f(); var b2 = vec4f(); var b3 = vec4f();
  for (var k = 0u; k < depth; k++) {
    let r0 = x[x0 + k];
    let r1 = x[x1 + k];
    let r2 = x[x2 + k];
    let r3 = x[x3 + k];
    var at = k * 4u * quads;
    for (var i = 0u; i < 4u; i++) {
      let wa = w[at + quad];
      let wb = w[at + second];
      a0 = fma(vec4f(r0[i]), wa, a0); b0 = fma(vec4f(r0[i]), wb, b0);
      a1 = fma(vec4f(r1[i]), wa, a1); b1 = fma(vec4f(r1[i]), wb, b1);
      a2 = fma(vec4f(r2[i]), wa, a2); b2 = fma(vec4f(r2[i]), wb, b2);
      a3 = fma(vec4f(r3[i]), wa, a3); b3 = fma(vec4f(r3[i]), wb, b3);
      at += quads;
    }
  }
  store(row, quad, quads, a0); store(row, quad + 1u, quads, b0);
  store(row + 1u, quad, quads, a1); store(row + 1u, quad + 1u, quads, b1);
  store(row + 2u, quad, quads, a2); store(row + 2u, quad + 1u, quads, b2);
  store(row + 3u, quad, quads, a3); store(row + 3u, quad + 1u, quads, b3);
}
