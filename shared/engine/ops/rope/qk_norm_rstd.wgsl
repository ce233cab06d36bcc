// rstd of every q and k head before its normalisation, one thread a (token, head): cheaper to redo than to keep.
struct Params {
  tokens: u32,
  heads: u32,
  kv_heads: u32,
  head_dim: u32, // multiple of 4
  eps: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> raw: array<vec4f>; // (tokens, (heads + 2 kv_heads) head_dim)
@group(0) @binding(2) var<storage, read_write> rstd: array<f32>; // (tokens, heads + kv_heads)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  let normed = p.heads + p.kv_heads;
  if (at >= p.tokens * normed) { return; }
  let quads = p.head_dim / 4u;
  let first = (at / normed * (normed + p.kv_heads) + at % normed) * quads;
  var sum = 0.0;
  for (var i = first; i < first + quads; i++) { sum += dot(raw[i], raw[i]); }
  rstd[at] = inverseSqrt(sum / f32(p.head_dim) + p.eps);
}
