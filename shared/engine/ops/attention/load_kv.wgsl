// The inverse of store_kv.wgsl: brings keys and values from the pool into rows of a packed batch that are only seen.
struct Params {
  count: u32,
  q_quads: u32, // heads * head_dim / 4, the columns to skip
  kv_quads: u32, // 2 * kv_heads * head_dim / 4
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> pool: array<vec4f>; // (any, kv columns)
@group(0) @binding(2) var<storage, read> places: array<vec2u>; // (count): row, and its index in the pool
@group(0) @binding(3) var<storage, read_write> qkv: array<vec4f>; // (tokens, q and kv columns)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * 64u;
  let at = item / p.kv_quads;
  let quad = item % p.kv_quads;
  if (at >= p.count) { return; }
  let place = places[at];
  qkv[place.x * (p.q_quads + p.kv_quads) + p.q_quads + quad] = pool[place.y * p.kv_quads + quad];
}
