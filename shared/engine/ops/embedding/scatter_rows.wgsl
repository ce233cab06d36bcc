// out[rows[i]] = x[i]: puts the gradients of the chosen hidden rows back among all tokens. No row occurs twice.
struct Params {
  count: u32,
  cols: u32, // multiple of 4
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>; // (count, cols)
@group(0) @binding(2) var<storage, read> rows: array<u32>; // (count)
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>; // (any, cols)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  let quads = p.cols / 4u;
  if (at >= p.count * quads) { return; }
  out[rows[at / quads] * quads + at % quads] = x[at];
}
