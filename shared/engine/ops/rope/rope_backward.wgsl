// RoPE backward, in place: the q and k heads of dqkv are rotated back (a rotation's transpose is its inverse).
// One thread a (token, q or k head).
struct Params {
  tokens: u32,
  heads: u32,
  kv_heads: u32,
  head_dim: u32, // multiple of 8
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> positions: array<u32>; // (tokens)
@group(0) @binding(2) var<storage, read> table: array<vec4f>; // (positions, head_dim / 2) of cos, sin
@group(0) @binding(3) var<storage, read_write> dqkv: array<vec4f>; // (tokens, (heads + 2 kv_heads) head_dim)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  let rotated = p.heads + p.kv_heads;
  let token = at / rotated;
  if (token >= p.tokens) { return; }
  let half = p.head_dim / 8u;
  let left = (token * (rotated + p.kv_heads) + at % rotated) * 2u * half;
  let angles = positions[token] * 2u * half;
  for (var i = 0u; i < half; i++) {
    let first = table[angles + 2u * i];
    let second = table[angles + 2u * i + 1u];
    let c = vec4f(first.xz, second.xz);
    let s = vec4f(first.yw, second.yw);
    let a = dqkv[left + i];
    let b = dqkv[left + half + i];
    dqkv[left + i] = a * c + b * s;
    dqkv[left + half + i] = b * c - a * s;
  }
}
