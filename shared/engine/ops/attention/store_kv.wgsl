// Copies the k and v columns of a packed prompt batch into the key-value pool.
struct Params {
  tokens: u32,
  q_quads: u32, // heads * head_dim / 4, the columns to skip
  kv_quads: u32, // 2 * kv_heads * head_dim / 4
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> qkv: array<vec4f>; // (tokens, q and kv columns)
@group(0) @binding(2) var<storage, read> places: array<u32>; // (tokens): each token's index in the pool
@group(0) @binding(3) var<storage, read_write> pool: array<vec4f>; // (any, kv columns)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * 64u;
  let token = item / p.kv_quads;
  let quad = item % p.kv_quads;
  if (token >= p.tokens) { return; }
  pool[places[token] * p.kv_quads + quad] = qkv[token * (p.q_quads + p.kv_quads) + p.q_quads + quad];
}
