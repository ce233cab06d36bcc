// out (+)= x w^T: dot products along the shared inner dimension, 4 rows x 4 columns a thread.
struct Params {
  rows: u32,
  cols: u32, // multiple of 4
  inner: u32, // multiple of 4
  accumulate: u32,
  out_stride: u32, // columns of out, of which `cols` from `out_first` on are written; multiples of 4
  out_first: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>; // (rows, inner)
@group(0) @binding(2) var<storage, read> w: array<vec4f>; // (cols, inner)
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>; // (rows, out_stride)

fn store(at: u32, value: vec4f) {
  if (p.accumulate != 0u) { out[at] += value; } else { out[at] = value; }
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quads = p.cols / 4u;
  let depth = p.inner / 4u;
  let row = id.y * 4u;
  let quad = id.x;
  if (row >= p.rows || quad >= quads) { return; }
  let last = p.rows - 1u; // loads past the edge are clamped; `store` drops what they computed
  let x0 = row * depth;
  let x1 = min(row + 1u, last) * depth;
  let x2 = min(row + 2u, last) * depth;
  let x3 = min(row + 3u, last) * depth;
  let w0 = quad * 4u * depth;
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  for (var k = 0u; k < depth; k++) {
    let r0 = x[x0 + k];
    let r1 = x[x1 + k];
    let r2 = x[x2 + k];
    let r3 = x[x3 + k];
    let c0 = w[w0 + k];
    let c1 = w[w0 + depth + k];
    let c2 = w[w0 + 2u * depth + k];
    let c3 = w[w0 + 3u * depth + k];
    a0 += vec4f(dot(r0, c0), dot(r0, c1), dot(r0, c2), dot(r0, c3));
    a1 += vec4f(dot(r1, c0), dot(r1, c1), dot(r1, c2), dot(r1, c3));
    a2 += vec4f(dot(r2, c0), dot(r2, c1), dot(r2, c2), dot(r2, c3));
    a3 += vec4f(dot(r3, c0), dot(r3, c1), dot(r3, c2), dot(r3, c3));
  }
  let end = min(row + 4u, p.rows);
  for (var i = row; i < end; i++) {
    store((i * p.out_stride + p.out_first) / 4u + quad, a0);
    a0 = a1; a1 = a2; a2 = a3;
  }
}
