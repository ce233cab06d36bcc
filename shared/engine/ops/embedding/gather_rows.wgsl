// out[i] = table[indices[i]]: the embedding look-up, and the choice of the rows that the head predicts from.
// `table` may be a part of a larger one: rows outside it are left alone.
struct Params {
  count: u32,
  cols: u32, // multiple of 4
  first: u32, // index of the table's first row
  rows: u32, // of the table
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> table: array<vec4f>; // (any, cols)
@group(0) @binding(2) var<storage, read> indices: array<u32>; // (count)
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>; // (count, cols)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * 64u;
  let quads = p.cols / 4u;
  if (item >= p.count * quads) { return; }
  let row = indices[item / quads] - p.first; // wraps to a huge number below the part
  if (row < p.rows) { out[item] = table[row * quads + item % quads]; }
}
