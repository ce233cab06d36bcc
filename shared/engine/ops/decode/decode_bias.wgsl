// Adds a bias to every live row, in place: that of a product into the residual stream, whose kernel adds all rows of that
// and has no binding left. One thread a quad.
struct Params {
  rows: u32,
  quads: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> bias: array<vec4f>; // (cols)
@group(0) @binding(3) var<storage, read_write> x: array<vec4f>; // (rows, cols)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at / p.quads >= min(p.rows, state.live)) { return; }
  x[at] += bias[at % p.quads];
}
