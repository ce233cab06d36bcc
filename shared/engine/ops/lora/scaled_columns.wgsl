// out[i, j] = scale * x[i, first + j]: some columns of a matrix as a matrix of their own.
struct Params {
  rows: u32,
  stride: u32, // columns of x, multiple of 4
  first: u32, // multiple of 4
  cols: u32, // multiple of 4
  scale: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>; // (rows, stride)
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>; // (rows, cols)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  let quads = p.cols / 4u;
  if (at >= p.rows * quads) { return; }
  out[at] = p.scale * x[(at / quads * p.stride + p.first) / 4u + at % quads];
}
