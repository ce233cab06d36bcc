// One decode step of attention: rotates q and k of the new token (after Qwen3's head norm), stores its k and v
// in the pool, and attends over [prompt, shared by its completions][own tokens so far][new token] with an online
// softmax that starts from the new token. One thread a head of a row.
const QUADS = 16u; // head_dim / 4
const QK_NORM = 0u;

struct Params {
  heads: u32,
  kv_heads: u32,
  quads: u32, // QUADS again: a bound that keeps the loops rolled
  eps: f32,
  window: u32, // how many positions back a query sees, its own included
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> raw: array<vec4f>; // (rows, (heads + 2 kv_heads) head_dim)
@group(0) @binding(3) var<storage, read> table: array<vec4f>; // (positions, head_dim / 2) of cos, sin
@group(0) @binding(4) var<storage, read> qk_norm: array<vec4f>; // (2, head_dim), read when QK_NORM
@group(0) @binding(5) var<storage, read_write> pool: array<vec4f>; // (tokens, 2, kv_heads, head_dim)
@group(0) @binding(6) var<storage, read_write> out: array<vec4f>; // (rows, heads head_dim)

/** 1 / rms of a head for Qwen3, else 1. */
fn head_rstd(at: u32) -> f32 {
  if (QK_NORM == 0u) { return 1.0; }
  var squares = vec4f();
  for (var i = 0u; i < p.quads; i++) {
    let v = raw[at + i];
    squares = fma(v, v, squares);
  }
  return inverseSqrt((squares.x + squares.y + squares.z + squares.w) / f32(4u * QUADS) + p.eps);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * 64u;
  let row = item / p.heads;
  let head = item % p.heads;
  if (row >= state.live) { return; }
  let r = state.rows[row];
  let group = p.heads / p.kv_heads;
  let kv_head = head / group;
  let width = 2u * p.kv_heads * QUADS;
  let half = p.quads / 2u;
  let base = row * (p.heads + 2u * p.kv_heads) * QUADS;
  let query = base + head * QUADS;
  let key = base + (p.heads + kv_head) * QUADS;
  let own = r.position - r.prompt_tokens;
  let new_key = (r.own_start + own) * width + kv_head * QUADS;
  let writes = head % group == 0u; // the first head of a group stores the k and v that the group shares

  // q stays in `q`; k is needed once, for its own score, and goes to the pool.
  var q: array<vec4f, QUADS>;
  var score_quads = vec4f();
  let q_factor = head_rstd(query) * inverseSqrt(f32(4u * QUADS));
  let k_factor = head_rstd(key);
  for (var i = 0u; i < half; i++) {
    var qa = raw[query + i] * q_factor;
    var qb = raw[query + half + i] * q_factor;
    var ka = raw[key + i] * k_factor;
    var kb = raw[key + half + i] * k_factor;
    if (QK_NORM != 0u) {
      qa *= qk_norm[i];
      qb *= qk_norm[half + i];
      ka *= qk_norm[p.quads + i];
      kb *= qk_norm[p.quads + half + i];
    }
    let first = table[r.position * p.quads + 2u * i];
    let second = table[r.position * p.quads + 2u * i + 1u];
    let c = vec4f(first.xz, second.xz);
    let s = vec4f(first.yw, second.yw);
    let q0 = qa * c - qb * s;
    let q1 = qb * c + qa * s;
    let k0 = ka * c - kb * s;
    let k1 = kb * c + ka * s;
    q[i] = q0;
    q[half + i] = q1;
    score_quads += q0 * k0 + q1 * k1;
    if (writes) {
      pool[new_key + i] = k0;
      pool[new_key + half + i] = k1;
    }
  }
  var sum: array<vec4f, QUADS>;
  for (var i = 0u; i < p.quads; i++) {
    let v = raw[key + p.kv_heads * QUADS + i];
    sum[i] = v;
    if (writes) { pool[new_key + p.kv_heads * QUADS + i] = v; }
  }
  var highest = score_quads.x + score_quads.y + score_quads.z + score_quads.w;
  var total = 1.0;
  let keys = r.position; // before the new token: prompt first, then own
  for (var j = keys + 1u - min(keys + 1u, p.window); j < keys; j += 4u) {
    let index = min(vec4u(j, j + 1u, j + 2u, j + 3u), vec4u(keys - 1u));
    let token = select(
      index - vec4u(r.prompt_tokens) + vec4u(r.own_start),
      index + vec4u(r.prompt_start),
      index < vec4u(r.prompt_tokens),
    );
    let at = token * width + vec4u(kv_head * QUADS);
    var score = vec4f();
    for (var i = 0u; i < p.quads; i++) {
      score += vec4f(
        dot(q[i], pool[at.x + i]),
        dot(q[i], pool[at.y + i]),
        dot(q[i], pool[at.z + i]),
        dot(q[i], pool[at.w + i]),
      );
    }
    score = select(score, vec4f(-3.0e38), vec4u(j, j + 1u, j + 2u, j + 3u) >= vec4u(keys));
    let best = max(highest, max(max(score.x, score.y), max(score.z, score.w)));
    let shrink = exp(highest - best);
    let weight = exp(score - best);
    highest = best;
    total = total * shrink + weight.x + weight.y + weight.z + weight.w;
    let value = at + vec4u(p.kv_heads * QUADS);
    for (var i = 0u; i < p.quads; i++) {
      sum[i] = sum[i] * shrink + weight.x * pool[value.x + i] + weight.y * pool[value.y + i] +
        weight.z * pool[value.z + i] + weight.w * pool[value.w + i];
    }
  }
  for (var i = 0u; i < p.quads; i++) { out[item * QUADS + i] = sum[i] / total; }
}
