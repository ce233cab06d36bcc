// D[t, h] = dout[t, h] . out[t, h], which equals sum p dp: what the softmax subtracts from each dp.
struct Params {
  rows: u32, // tokens * heads
  head_dim: u32, // multiple of 4
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> out: array<vec4f>; // (rows, head_dim)
@group(0) @binding(2) var<storage, read> dout: array<vec4f>; // (rows, head_dim)
@group(0) @binding(3) var<storage, read_write> d: array<f32>; // (rows)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.x + id.y * groups.x * 64u;
  if (row >= p.rows) { return; }
  let quads = p.head_dim / 4u;
  var sum = 0.0;
  for (var i = row * quads; i < (row + 1u) * quads; i++) { sum += dot(out[i], dout[i]); }
  d[row] = sum;
}
