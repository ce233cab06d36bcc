// Backward of the q/k norm in place: on entry the q and k heads of dqkv hold the gradient of the normalised
// heads, on exit that of the raw ones. One thread a (token, q or k head).
struct Params {
  tokens: u32,
  heads: u32,
  kv_heads: u32,
  head_dim: u32, // multiple of 4
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> raw: array<vec4f>; // (tokens, (heads + 2 kv_heads) head_dim)
@group(0) @binding(2) var<storage, read> rstd: array<f32>; // (tokens, heads + kv_heads)
@group(0) @binding(3) var<storage, read> q_norm: array<vec4f>; // (head_dim)
@group(0) @binding(4) var<storage, read> k_norm: array<vec4f>; // (head_dim)
@group(0) @binding(5) var<storage, read_write> dqkv: array<vec4f>; // as raw

fn weight(is_query: bool, i: u32) -> vec4f {
  if (is_query) { return q_norm[i]; }
  return k_norm[i];
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  let normed = p.heads + p.kv_heads;
  if (at >= p.tokens * normed) { return; }
  let quads = p.head_dim / 4u;
  let first = (at / normed * (normed + p.kv_heads) + at % normed) * quads;
  let is_query = at % normed < p.heads;
  var sum = 0.0;
  for (var i = 0u; i < quads; i++) { sum += dot(weight(is_query, i) * dqkv[first + i], raw[first + i]); }
  let r = rstd[at];
  let along = sum * r * r * r / f32(p.head_dim);
  for (var i = 0u; i < quads; i++) {
    dqkv[first + i] = weight(is_query, i) * dqkv[first + i] * r - raw[first + i] * along;
  }
}
