// From the raw q, k, v projection to what attention reads: q and k heads normalised (Qwen3) and rotated,
// v heads copied. One thread a head of a token; pair i of a head is elements i and i + head_dim / 2.
const QK_NORM = 0u;

struct Params {
  tokens: u32,
  heads: u32,
  kv_heads: u32,
  head_dim: u32, // multiple of 8
  eps: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> raw: array<vec4f>; // (tokens, (heads + 2 kv_heads) head_dim)
@group(0) @binding(2) var<storage, read> positions: array<u32>; // (tokens)
@group(0) @binding(3) var<storage, read> table: array<vec4f>; // (positions, head_dim / 2) of cos, sin
@group(0) @binding(4) var<storage, read> q_norm: array<vec4f>; // (head_dim), read when QK_NORM
@group(0) @binding(5) var<storage, read> k_norm: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> qkv: array<vec4f>; // like raw

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * 64u;
  let all_heads = p.heads + 2u * p.kv_heads;
  let token = item / all_heads;
  let head = item % all_heads;
  if (token >= p.tokens) { return; }
  let half = p.head_dim / 8u; // quads in half a head
  let at = item * 2u * half;
  if (head >= p.heads + p.kv_heads) {
    for (var i = 0u; i < 2u * half; i++) { qkv[at + i] = raw[at + i]; }
    return;
  }
  var rstd = 1.0;
  if (QK_NORM != 0u) {
    var squares = vec4f();
    for (var i = 0u; i < 2u * half; i++) {
      let v = raw[at + i];
      squares = fma(v, v, squares);
    }
    rstd = inverseSqrt((squares.x + squares.y + squares.z + squares.w) / f32(p.head_dim) + p.eps);
  }
  let angles = positions[token] * 2u * half;
  for (var i = 0u; i < half; i++) {
    var a = raw[at + i];
    var b = raw[at + half + i];
    if (QK_NORM != 0u) {
      if (head < p.heads) {
        a *= rstd * q_norm[i];
        b *= rstd * q_norm[half + i];
      } else {
        a *= rstd * k_norm[i];
        b *= rstd * k_norm[half + i];
      }
    }
    let first = table[angles + 2u * i];
    let second = table[angles + 2u * i + 1u];
    let c = vec4f(first.xz, second.xz);
    let s = vec4f(first.yw, second.yw);
    qkv[at + i] = a * c - b * s;
    qkv[at + half + i] = b * c + a * s;
  }
}
