// decode_attention for adapters whose subgroups have 8 lanes and heads of at most 32; the bindings come before it, from
// decode_attention_columns.wgsl or decode_attention_work.wgsl. A workgroup is one subgroup and HEADS heads of 8 rows
// that share keys and values. A CPU driver's time goes with the numbers it loads, so the lanes load
// side by side: for each row in turn its own keys, the lanes being the quads of a head; then, the lanes being the rows,
// each prompt among them once.
const HEADS = 1u;
const QUADS = 4u; // head_dim / 4: 2, 4 or 8
const KEYS = 8u / QUADS; // that the lanes load side by side
const HALF = QUADS / 2u;
const QK_NORM = 0u;

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
  let heads = groups.x * HEADS;
  let first_row = id.y * 8u;
  if (first_row >= state.live) { return; }
  let rows = min(8u, state.live - first_row);
  let head = id.x * HEADS;
  let kv_head = head / p.group;
  let v_offset = p.kv_heads * QUADS;
  let width = 2u * v_offset;
  let quad = lane % QUADS;
  let slot = lane / QUADS;

  // Of row `lane`:
  var q: array<array<vec4f, QUADS>, HEADS>;
  var sum: array<array<vec4f, QUADS>, HEADS>;
  var highest: array<f32, HEADS>;
  var total: array<f32, HEADS>;
  for (var i = 0u; i < rows; i++) {
    let row = first_row + i;
    let position = state.rows[row].position;
    let own = position - state.rows[row].prompt_tokens;
    // The lanes of the two quads that are rotated together load half of the cosines and sines each.
    let angles = table[position * QUADS + 2u * (quad % HALF) + quad / HALF];
    let others = subgroupShuffleXor(angles, HALF);
    let a = select(others, angles, quad < HALF);
    let b = select(angles, others, quad < HALF);
    let c = vec4f(a.xz, b.xz);
    let s = vec4f(a.yw, b.yw) * select(1.0, -1.0, quad < HALF);
    var k = projected(row, (heads + kv_head) * QUADS + quad);
    let v = projected(row, (heads + kv_head) * QUADS + quad + v_offset);
    if (QK_NORM != 0u) { k *= inverseSqrt(across(k * k) / f32(4u * QUADS) + p.eps) * qk_norm[QUADS + quad]; }
    k = k * c + subgroupShuffleXor(k, HALF) * s;
    let own_start = state.rows[row].own_start * width + kv_head * QUADS + quad;
    if (slot == 0u && head == kv_head * p.group) { // the first heads of a group stores what the group shares
      pool[own_start + own * width] = k;
      pool[own_start + own * width + v_offset] = v;
    }
    var x: array<vec4f, HEADS>;
    var top: array<f32, HEADS>;
    var part: array<f32, HEADS>;
    var value: array<vec4f, HEADS>;
    for (var h = 0u; h < HEADS; h++) {
      var y = projected(row, (head + h) * QUADS + quad);
      if (QK_NORM != 0u) { y *= inverseSqrt(across(y * y) / f32(4u * QUADS) + p.eps) * qk_norm[quad]; }
      x[h] = (y * c + subgroupShuffleXor(y, HALF) * s) * inverseSqrt(f32(4u * QUADS));
      top[h] = select(-3.0e38, across(x[h] * k), slot == 0u);
      part[h] = select(0.0, 1.0, slot == 0u);
      value[h] = select(vec4f(), v, slot == 0u);
    }
    let begin = position + 1u - min(position + 1u, p.window); // of the window
    let hidden = begin - min(begin, state.rows[row].prompt_tokens);
    for (var j = slot + (hidden - min(hidden, slot) + KEYS - 1u) / KEYS * KEYS; j < own; j += KEYS) {
      let at = own_start + j * width;
      let own_k = pool[at];
      let own_v = pool[at + v_offset];
      for (var h = 0u; h < HEADS; h++) {
        let score = across(x[h] * own_k);
        // Of the two factors one is 1.
        let factor = exp(-abs(score - top[h]));
        let shrink = select(1.0, factor, score > top[h]);
        let weight = select(factor, 1.0, score > top[h]);
        top[h] = max(top[h], score);
        part[h] = fma(part[h], shrink, weight);
        value[h] = fma(vec4f(weight), own_v, value[h] * shrink);
      }
    }
    for (var h = 0u; h < HEADS; h++) {
      var best = top[h];
      for (var apart = QUADS; apart < 8u; apart *= 2u) { best = max(best, subgroupShuffleXor(best, apart)); }
      let shrink = exp(top[h] - best);
      var all = part[h] * shrink;
      var mean = value[h] * shrink;
      for (var apart = QUADS; apart < 8u; apart *= 2u) {
        all += subgroupShuffleXor(all, apart);
        mean += subgroupShuffleXor(mean, apart);
      }
      highest[h] = select(highest[h], best, lane == i);
      total[h] = select(total[h], all, lane == i);
      for (var n = 0u; n < QUADS; n++) {
        q[h][n] = select(q[h][n], subgroupShuffle(x[h], n), lane == i);
        sum[h][n] = select(sum[h][n], subgroupShuffle(mean, n), lane == i);
      }
    }
  }

  let own_row = first_row + min(lane, rows - 1u);
  let start = state.rows[own_row].prompt_start;
  let tokens = state.rows[own_row].prompt_tokens;
  let seen = state.rows[own_row].position + 1u;
  let from_key = start + seen - min(seen, p.window); // the first of the prompt that its window holds
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
        var products = array<vec4f, HEADS>(); // spelled out: without, lavapipe keeps the last turn's
        for (var m = 0u; m < QUADS; m++) {
          let part = subgroupShuffle(k, n * QUADS + m);
          for (var h = 0u; h < HEADS; h++) { products[h] = fma(q[h][m], part, products[h]); }
        }
        let takes = mine && j + n < end && j + n >= from_key;
        var shrink: array<f32, HEADS>;
        var weight: array<f32, HEADS>;
        for (var h = 0u; h < HEADS; h++) {
          let score = products[h].x + products[h].y + products[h].z + products[h].w;
          let factor = exp(-abs(score - highest[h]));
          let raises = takes && score > highest[h];
          shrink[h] = select(1.0, factor, raises);
          weight[h] = select(select(0.0, factor, takes), 1.0, raises);
          highest[h] = select(highest[h], score, raises);
          total[h] = fma(total[h], shrink[h], weight[h]);
        }
        for (var m = 0u; m < QUADS; m++) {
          let part = subgroupShuffle(v, n * QUADS + m);
          for (var h = 0u; h < HEADS; h++) { sum[h][m] = fma(vec4f(weight[h]), part, sum[h][m] * shrink[h]); }
        }
      }
    }
  }
  if (lane >= rows) { return; }
  for (var h = 0u; h < HEADS; h++) {
    for (var n = 0u; n < QUADS; n++) { attended(own_row, (head + h) * QUADS + n, sum[h][n] / total[h]); }
  }
}
