// RMSNorm over rows: out = x * rstd * weight with rstd = 1 / sqrt(mean(x^2) + eps). One thread a row.
struct Params {
  rows: u32,
  cols: u32, // multiple of 4
  eps: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>; // (rows, cols)
@group(0) @binding(2) var<storage, read> weight: array<vec4f>; // (cols)
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>; // (rows, cols)
@group(0) @binding(4) var<storage, read_write> rstd: array<f32>; // (rows), kept for the backward

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.x + id.y * groups.x * 64u;
  if (row >= p.rows) { return; }
  let quads = p.cols / 4u;
  let base = row * quads;
  var squares = vec4f();
  for (var i = 0u; i < quads; i++) {
    let v = x[base + i];
    squares = fma(v, v, squares);
  }
  let r = inverseSqrt((squares.x + squares.y + squares.z + squares.w) / f32(p.cols) + p.eps);
  for (var i = 0u; i < quads; i++) { out[base + i] = x[base + i] * r * weight[i]; }
  rstd[row] = r;
}
