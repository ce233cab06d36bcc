// A scaled copy of a matrix as a block of a larger one: out[first_row + i, first_col + j] = scale * x[i, j]. One thread a quad.
struct Params {
  rows: u32,
  cols: u32, // multiple of 4
  stride: u32, // columns of out, multiple of 4
  first_row: u32,
  first_col: u32, // multiple of 4
  scale: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>; // (rows, cols)
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>; // (any, stride)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * 64u;
  let quads = p.cols / 4u;
  if (item >= p.rows * quads) { return; }
  let row = p.first_row + item / quads;
  out[(row * p.stride + p.first_col) / 4u + item % quads] = p.scale * x[item];
}
