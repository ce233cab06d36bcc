// The bindings of decode_attention_subgroup.wgsl where projections and result are matrices.
struct Params {
  kv_heads: u32,
  group: u32, // heads that share keys and values, a multiple of HEADS
  eps: f32,
  raw_quads: u32, // columns of raw / 4
  out_quads: u32,
  window: u32, // how many positions back a query sees, its own included
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> table: array<vec4f>; // (positions, head_dim / 2) of cos, sin
@group(0) @binding(3) var<storage, read> qk_norm: array<vec4f>; // (2, head_dim), read when QK_NORM
@group(0) @binding(4) var<storage, read_write> pool: array<vec4f>; // (tokens, 2, kv_heads, head_dim)
@group(0) @binding(5) var<storage, read> raw: array<vec4f>; // (rows, (heads + 2 kv_heads) head_dim)
@group(0) @binding(6) var<storage, read_write> out: array<vec4f>; // (rows, heads head_dim)

fn projected(row: u32, quad: u32) -> vec4f { return raw[row * p.raw_quads + quad]; }

fn attended(row: u32, quad: u32, value: vec4f) { out[row * p.out_quads + quad] = value; }
