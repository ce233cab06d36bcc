// Lays a matrix out for decode_step.wgsl: out := w times norm by rows, in blocks of 32 columns that lie side by side,
// (blocks, inner, 32). With `halves` = 2 a block is 16 columns of the left half of w and the same 16 of the right one.
struct Params {
  inner: u32, // multiple of 4
  quads: u32, // columns / 4, of one half
  halves: u32,
  first: u32, // in out, in quads
  has_norm: u32,
  transposed: u32, // w is (columns, inner)
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> w: array<vec4f>; // (inner, halves columns)
@group(0) @binding(2) var<storage, read> norm: array<f32>; // (inner)
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * 64u;
  let lane = item % 8u;
  let k = item / 8u % p.inner;
  let block = item / 8u / p.inner;
  let lanes = 8u / p.halves;
  if (block * lanes >= p.quads) { return; }
  let quad = block * lanes + lane % lanes;
  var value = vec4f();
  if (quad < p.quads) {
    if (p.transposed != 0u) {
      for (var i = 0u; i < 4u; i++) { value[i] = w[(4u * quad + i) * (p.inner / 4u) + k / 4u][k % 4u]; }
    } else {
      value = w[(k * p.halves + lane / lanes) * p.quads + quad];
    }
    if (p.has_norm != 0u) { value *= norm[k]; }
  }
  out[p.first + item] = value;
}
