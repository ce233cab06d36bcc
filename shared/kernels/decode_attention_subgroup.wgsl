// decode_attention for adapters whose subgroups have 8 lanes and heads of at most 32. A workgroup is one subgroup and
// one head of 8 rows. A CPU driver's time goes with the numbers it loads, so the lanes load side by side: for each row in
// turn its own keys, the lanes being the quads of a head; then, the lanes being the rows, each prompt among them once.
const QUADS = 4u; // head_dim / 4: 2, 4 or 8
const KEYS = 8u / QUADS; // that the lanes load side by side
const HALF = QUADS / 2u;
const QK_NORM = 0u;

struct Params {
  kv_heads: u32,
  eps: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> raw: array<vec4f>; // (rows, (heads + 2 kv_heads) head_dim)
@group(0) @binding(3) var<storage, read> table: array<vec4f>; // (positions, head_dim / 2) of cos, sin
@group(0) @binding(4) var<storage, read> qk_norm: array<vec4f>; // (2, head_dim), read when QK_NORM
@group(0) @binding(5) var<storage, read_write> pool: array<vec4f>; // (tokens, 2, kv_heads, head_dim)
@group(0) @binding(6) var<storage, read_write> out: array<vec4f>; // (rows, heads head_dim)

/** The sum over the lanes of one key. */
fn across(value: vec4f) -> f32 {
  var sum = value.x + value.y + value.z + value.w;
  for (var apart = 1u; apart < QUADS; apart *= 2u) { sum += subgroupShuffleXor(sum, apart); }
  return sum;
}

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let heads = groups.x;
  let first_row = id.y * 8u;
  if (first_row >= state.live) { return; }
  let rows = min(8u, state.live - first_row);
  let head = id.x;
  let group = heads / p.kv_heads;
  let kv_head = head / group;
  let v_offset = p.kv_heads * QUADS;
  let width = 2u * v_offset;
  let quad = lane % QUADS;
  let slot = lane / QUADS;

  // Of row `lane`:
  var q: array<vec4f, QUADS>;
  var sum: array<vec4f, QUADS>;
  var highest = 0.0;
  var total = 0.0;
  for (var i = 0u; i < rows; i++) {
    let row = first_row + i;
    let position = state.rows[row].position;
    let own = position - state.rows[row].prompt_tokens;
    let base = row * (heads * QUADS + width) + quad;
    // The lanes of the two quads that are rotated together load half of the cosines and sines each.
    let angles = table[position * QUADS + 2u * (quad % HALF) + quad / HALF];
    let others = subgroupShuffleXor(angles, HALF);
    let a = select(others, angles, quad < HALF);
    let b = select(angles, others, quad < HALF);
    let c = vec4f(a.xz, b.xz);
    let s = vec4f(a.yw, b.yw) * select(1.0, -1.0, quad < HALF);
    var x = raw[base + head * QUADS];
    var k = raw[base + (heads + kv_head) * QUADS];
    let v = raw[base + (heads + kv_head) * QUADS + v_offset];
    if (QK_NORM != 0u) {
      x *= inverseSqrt(across(x * x) / f32(4u * QUADS) + p.eps) * qk_norm[quad];
      k *= inverseSqrt(across(k * k) / f32(4u * QUADS) + p.eps) * qk_norm[QUADS + quad];
    }
    x = (x * c + subgroupShuffleXor(x, HALF) * s) * inverseSqrt(f32(4u * QUADS));
    k = k * c + subgroupShuffleXor(k, HALF) * s;
    let own_start = state.rows[row].own_start * width + kv_head * QUADS + quad;
    if (slot == 0u && head == kv_head * group) { // the first head of a group stores what the group shares
      pool[own_start + own * width] = k;
      pool[own_start + own * width + v_offset] = v;
    }
    let score = across(x * k);
    var top = select(-3.0e38, score, slot == 0u);
    var part = select(0.0, 1.0, slot == 0u);
    var value = select(vec4f(), v, slot == 0u);
    for (var j = slot; j < own; j += KEYS) {
      let at = own_start + j * width;
      let score = across(x * pool[at]);
      // Of the two factors one is 1.
      let factor = exp(-abs(score - top));
      let shrink = select(1.0, factor, score > top);
      let weight = select(factor, 1.0, score > top);
      top = max(top, score);
      part = fma(part, shrink, weight);
      value = fma(vec4f(weight), pool[at + v_offset], value * shrink);
    }
    var best = top;
    for (var apart = QUADS; apart < 8u; apart *= 2u) { best = max(best, subgroupShuffleXor(best, apart)); }
    part *= exp(top - best);
    value *= exp(top - best);
    for (var apart = QUADS; apart < 8u; apart *= 2u) {
      part += subgroupShuffleXor(part, apart);
      value += subgroupShuffleXor(value, apart);
    }
    highest = select(highest, best, lane == i);
    total = select(total, part, lane == i);
    for (var n = 0u; n < QUADS; n++) {
      q[n] = select(q[n], subgroupShuffle(x, n), lane == i);
      sum[n] = select(sum[n], subgroupShuffle(value, n), lane == i);
    }
  }

  let own_row = first_row + min(lane, rows - 1u);
  let start = state.rows[own_row].prompt_start;
  let tokens = state.rows[own_row].prompt_tokens;
  var pending = 1u;
  for (var i = 0u; i < rows; i++) {
    if (subgroupShuffle(pending, i) == 0u) { continue; }
    let first = subgroupShuffle(start, i);
    let count = subgroupShuffle(tokens, i);
    let end = first + count;
    let mine = start == first && tokens == count;
    if (mine) { pending = 0u; }
    for (var j = first; j < end; j += KEYS) {
      let at = min(j + slot, end - 1u) * width + kv_head * QUADS + quad;
      let k = pool[at];
      let v = pool[at + v_offset];
      for (var n = 0u; n < KEYS; n++) {
        var products = vec4f();
        for (var m = 0u; m < QUADS; m++) { products = fma(q[m], subgroupShuffle(k, n * QUADS + m), products); }
        let score = products.x + products.y + products.z + products.w;
        let takes = mine && j + n < end;
        let factor = exp(-abs(score - highest));
        let raises = takes && score > highest;
        let shrink = select(1.0, factor, raises);
        let weight = select(select(0.0, factor, takes), 1.0, raises);
        highest = select(highest, score, raises);
        total = fma(total, shrink, weight);
        for (var m = 0u; m < QUADS; m++) {
          sum[m] = fma(vec4f(weight), subgroupShuffle(v, n * QUADS + m), sum[m] * shrink);
        }
      }
    }
  }
  if (lane >= rows) { return; }
  for (var n = 0u; n < QUADS; n++) { out[(own_row * heads + head) * QUADS + n] = sum[n] / total; }
}
