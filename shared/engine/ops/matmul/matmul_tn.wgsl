// out (+)= x^T y: the weight gradient. One thread accumulates rank-1 updates of 4 rows x 8 columns of `out`
// over all tokens, in order, so the sum is deterministic.
struct Params {
  rows: u32, // of out = columns of x, multiple of 4
  cols: u32, // multiple of 4
  inner: u32, // tokens, any
  accumulate: u32,
  x_stride: u32, // columns of x, of which `rows` from `x_first` on are used; multiples of 4
  x_first: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>; // (inner, x_stride)
@group(0) @binding(2) var<storage, read> y: array<vec4f>; // (inner, cols)
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>; // (rows, cols)

fn store(row: u32, quad: u32, quads: u32, value: vec4f) {
  if (quad >= quads) { return; }
  let at = row * quads + quad;
  if (p.accumulate != 0u) { out[at] += value; } else { out[at] = value; }
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quads = p.cols / 4u;
  let depth = p.rows / 4u;
  let quad = id.x * 2u;
  if (id.y >= depth || quad >= quads) { return; }
  let second = min(quad + 1u, quads - 1u);
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  var b0 = vec4f(); var b1 = vec4f(); var b2 = vec4f(); var b3 = vec4f();
  for (var t = 0u; t < p.inner; t++) {
    let r = x[(t * p.x_stride + p.x_first) / 4u + id.y];
    let ya = y[t * quads + quad];
    let yb = y[t * quads + second];
    a0 = fma(vec4f(r.x), ya, a0); b0 = fma(vec4f(r.x), yb, b0);
    a1 = fma(vec4f(r.y), ya, a1); b1 = fma(vec4f(r.y), yb, b1);
    a2 = fma(vec4f(r.z), ya, a2); b2 = fma(vec4f(r.z), yb, b2);
    a3 = fma(vec4f(r.w), ya, a3); b3 = fma(vec4f(r.w), yb, b3);
  }
  let row = id.y * 4u;
  for (var i = row; i < min(row + 4u, p.rows); i++) {
    store(i, quad, quads, a0);
    store(i, quad + 1u, quads, b0);
    a0 = a1; a1 = a2; a2 = a3;
    b0 = b1; b1 = b2; b2 = b3;
  }
}
