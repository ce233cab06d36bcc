// The bindings of decode_attention_subgroup.wgsl where projections and result are parts of rows of `work`: see
// decode_step.wgsl.
struct Params {
  kv_heads: u32,
  group: u32, // heads that share keys and values, a multiple of HEADS
  eps: f32,
  stride: u32, // quads of a row
  projected: u32, // place of queries, keys and values
  attended: u32, // place of the result
  window: u32, // how many positions back a query sees, its own included
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> table: array<vec4f>; // (positions, head_dim / 2) of cos, sin
@group(0) @binding(3) var<storage, read> qk_norm: array<vec4f>; // (2, head_dim), read when QK_NORM
@group(0) @binding(4) var<storage, read_write> pool: array<vec4f>; // (tokens, 2, kv_heads, head_dim)
@group(0) @binding(5) var<storage, read_write> work: array<vec4f>; // (rows, stride)

fn projected(row: u32, quad: u32) -> vec4f { return work[row * p.stride + p.projected + quad]; }

fn attended(row: u32, quad: u32, value: vec4f) { work[row * p.stride + p.attended + quad] = value; }
