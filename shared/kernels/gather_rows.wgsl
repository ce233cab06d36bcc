// out[i] = table[indices[i]]: the embedding look-up, and the choice of the rows that the head predicts from.
struct Params {
  count: u32,
  cols: u32, // multiple of 4
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
  out[item] = table[indices[item / quads] * quads + item % quads];
}
