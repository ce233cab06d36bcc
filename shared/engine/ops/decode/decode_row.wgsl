// Several tokens of one row after the other in one dispatch, for CPU drivers whose subgroups have 8 lanes: a workgroup is
// one subgroup and takes a row through whole steps, where decode_step.wgsl and decode_attention_work.wgsl take a
// tile of rows through a part of one. A few rows need no more processors, and to wake these takes longer than the step.
//
// The numbers are computed in the same order as there and have the same bits. No barrier is needed: of every vector in
// `work` lane i owns the quads i, i + 8, ..., of the row's keys and values in a pool those whose quads, counted
// from its first, are so; it reads what it has written itself, or an earlier dispatch has, and passes it on.
const HEADS = 1u; // taken at once, of those that share keys and values
const QUADS = 4u; // head_dim / 4: 2, 4 or 8
const KEYS = 8u / QUADS; // that the lanes load side by side
const HALF = QUADS / 2u;
const QK_NORM = 0u;

/** As in decode_step.wgsl. */
struct Product { w: u32, depth: u32, quads: u32, x: u32, out: u32, bias: u32, kind: u32 }
const PRODUCT = 7u; // words
const QKV = 0u; // the first of a layer, attention follows
const RESIDUAL = 1u;
const SWIGLU = 2u;
const LOGITS = 3u;

struct Layer {
  pool: u32, // its first quad
  qk_norm: u32, // place in weights
  window: u32, // how many positions back a query sees, its own included
  rotates: u32, // 1 or 0
}
const LAYER = 4u; // words

struct Params {
  products: u32,
  layers: u32,
  steps: u32,
  block: u32, // steps of a row of `emitted`
  stride: u32, // quads of a row of work
  hidden: u32, // quads
  projected: u32, // place of queries, keys and values in work
  attended: u32, // place of what attention gives
  heads: u32,
  head_quads: u32, // QUADS: a bound that keeps a loop rolled
  group: u32, // heads that share keys and values, a multiple of HEADS
  eps: f32,
  vocab: u32,
  inverse_temperature: f32,
  greedy: u32,
  eos_count: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> program: array<u32>; // products, layers, end tokens
@group(0) @binding(3) var<storage, read> weights: array<vec4f>;
@group(0) @binding(4) var<storage, read> embeddings: array<vec4f>; // (vocabulary, hidden)
@group(0) @binding(5) var<storage, read> table: array<vec4f>; // (positions, head_dim / 2) of cos, sin
@group(0) @binding(6) var<storage, read_write> pools: array<vec4f>; // of each layer (tokens, 2, kv_heads, head_dim)
@group(0) @binding(7) var<storage, read_write> work: array<vec4f>; // (rows, stride): x, qkv, attended, inner, logits
@group(0) @binding(8) var<storage, read_write> emitted: array<vec2u>; // (slots, block): token, log-probability

fn product_at(w: u32) -> Product {
  return Product(program[w], program[w + 1u], program[w + 2u], program[w + 3u], program[w + 4u], program[w + 5u],
    program[w + 6u]);
}

fn layer_at(w: u32) -> Layer { return Layer(program[w], program[w + 1u], program[w + 2u], program[w + 3u]); }

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  if (group.x >= state.live) { return; }
  var row = state.rows[group.x];
  let base = group.x * p.stride;
  let layers = p.products * PRODUCT;
  let eos = layers + p.layers * LAYER;
  var layer = 0u;
  var to = row.slot * p.block;
  var end = p.steps * p.products;
  // One loop of few, without jumps out of it: each doubles what the kernel takes to compile.
  for (var n = 0u; n < end; n++) {
    let place = n % p.products;
    let product = product_at(place * PRODUCT);
    if (place == 0u) { embed(row.token, base, lane); }
    multiply(product, base, lane);
    if (product.kind == QKV) {
      attend(layer_at(layers + layer * LAYER), row, base, lane);
      layer++;
    }
    if (product.kind == LOGITS) {
      row.token = draw(row, base + product.out, lane, to);
      row.position++;
      layer = 0u;
      to++;
      for (var i = 0u; i < p.eos_count; i++) { end = select(end, 0u, row.token == program[eos + i]); }
      end = select(end, 0u, row.position == row.end);
    }
  }
}

fn embed(token: u32, base: u32, lane: u32) {
  for (var quad = lane; quad < p.hidden; quad += 8u) {
    work[base + quad] = embeddings[token * p.hidden + quad];
  }
}

/** work[out] := work[x] w, by blocks of 32 columns: every lane a quad of each. */
fn multiply(m: Product, base: u32, lane: u32) {
  let lanes = select(8u, 4u, m.kind == SWIGLU);
  for (var block = 0u; block * lanes < m.quads; block++) {
    var at = m.w + block * m.depth * 32u + lane;
    var a = vec4f();
    var xs = vec4f();
    var squares = 0.0;
    for (var k = 0u; k < m.depth; k++) {
      if (k % 8u == 0u) { xs = work[base + m.x + min(k + lane, m.depth - 1u)]; }
      let x = subgroupShuffle(xs, k % 8u);
      squares += dot(x, x);
      a = fma(vec4f(x.x), weights[at], a);
      a = fma(vec4f(x.y), weights[at + 8u], a);
      a = fma(vec4f(x.z), weights[at + 16u], a);
      a = fma(vec4f(x.w), weights[at + 24u], a);
      at += 32u;
    }
    let factor = select(inverseSqrt(squares / f32(4u * m.depth) + p.eps), 1.0, m.kind == RESIDUAL);
    let quad = block * lanes + lane % lanes;
    var bias = vec4f();
    var up_bias = vec4f();
    if (m.bias != 0u && quad < m.quads) {
      bias = weights[m.bias + quad];
      if (m.kind == SWIGLU) { up_bias = weights[m.bias + m.quads + quad]; }
    }
    let other = subgroupShuffleXor(a, 4u);
    let gate = select(a, other, m.kind == SWIGLU && lane >= 4u);
    let up = select(other, a, lane >= 4u);
    var value = gate * factor + bias;
    if (quad < m.quads && quad % 8u == lane) {
      let to = base + m.out + quad;
      if (m.kind == RESIDUAL) { value += work[to]; }
      if (m.kind == SWIGLU) { value = value / (1.0 + exp(min(-value, vec4f(80.0)))) * (up * factor + up_bias); }
      work[to] = value;
    }
  }
}

/** The sum over the lanes of one key. */
fn across(value: vec4f) -> f32 {
  var sum = value.x + value.y + value.z + value.w;
  for (var apart = 1u; apart < QUADS; apart *= 2u) { sum += subgroupShuffleXor(sum, apart); }
  return sum;
}

/** To each lane, its quad of the head whose quads in `work` begin at `first`, `offset` after the place of a vector. */
fn head_of(first: u32, offset: u32, lane: u32) -> vec4f {
  let whole = offset / 8u * 8u;
  return subgroupShuffle(work[first + whole + lane], offset - whole + lane % QUADS);
}

/** Attention of one token, eight heads at a time: first, a pair after the other, to the row's own keys. */
fn attend(layer: Layer, row: Row, base: u32, lane: u32) {
  let kv_heads = p.heads / p.group;
  let v_offset = kv_heads * QUADS;
  let width = 2u * v_offset;
  let quad = lane % QUADS;
  let slot = lane / QUADS;
  let projected = base + p.projected;
  let own = row.position - row.prompt_tokens;
  let begin = row.position + 1u - min(row.position + 1u, layer.window); // of the window
  let hidden = begin - min(begin, row.prompt_tokens);

  // The lanes of the two quads that are rotated together load half of the cosines and sines each.
  let angles = table[row.position * QUADS + 2u * (quad % HALF) + quad / HALF];
  let others = subgroupShuffleXor(angles, HALF);
  let a = select(others, angles, quad < HALF);
  let b = select(angles, others, quad < HALF);
  let c = select(vec4f(1.0), vec4f(a.xz, b.xz), layer.rotates != 0u);
  let s = select(vec4f(), vec4f(a.yw, b.yw) * select(1.0, -1.0, quad < HALF), layer.rotates != 0u);

  // Of head `lane` of these eight:
  var q: array<vec4f, QUADS>;
  var sum: array<vec4f, QUADS>;
  var highest = 0.0;
  var total = 0.0;
  for (var head = 0u; head < p.heads; head += HEADS) {
    let i = head % 8u;
    let kv_head = head / p.group;
    var k = head_of(projected, (p.heads + kv_head) * QUADS, lane);
    let v = head_of(projected, (p.heads + kv_heads + kv_head) * QUADS, lane);
    if (QK_NORM != 0u) {
      k *= inverseSqrt(across(k * k) / f32(4u * QUADS) + p.eps) * weights[layer.qk_norm + QUADS + quad];
    }
    k = k * c + subgroupShuffleXor(k, HALF) * s;
    let own_start = layer.pool + row.own_start * width + kv_head * QUADS + quad;
    if (head == kv_head * p.group && slot == own % KEYS) {
      pools[own_start + own * width] = k;
      pools[own_start + own * width + v_offset] = v;
    }
    var x: array<vec4f, HEADS>;
    var top: array<f32, HEADS>;
    var part: array<f32, HEADS>;
    var value: array<vec4f, HEADS>;
    for (var h = 0u; h < HEADS; h++) {
      var y = head_of(projected, (head + h) * QUADS, lane);
      if (QK_NORM != 0u) {
        y *= inverseSqrt(across(y * y) / f32(4u * QUADS) + p.eps) * weights[layer.qk_norm + quad];
      }
      x[h] = (y * c + subgroupShuffleXor(y, HALF) * s) * inverseSqrt(f32(4u * QUADS));
      top[h] = select(-3.0e38, across(x[h] * k), slot == 0u);
      part[h] = select(0.0, 1.0, slot == 0u);
      value[h] = select(vec4f(), v, slot == 0u);
    }
    for (var j = slot + (hidden - min(hidden, slot) + KEYS - 1u) / KEYS * KEYS; j < own; j += KEYS) {
      let at = own_start + j * width;
      let own_k = pools[at];
      let own_v = pools[at + v_offset];
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
      highest = select(highest, best, lane == i + h);
      total = select(total, all, lane == i + h);
      for (var n = 0u; n < QUADS; n++) {
        q[n] = select(q[n], subgroupShuffle(x[h], n), lane == i + h);
        sum[n] = select(sum[n], subgroupShuffle(mean, n), lane == i + h);
      }
    }
    if (i + HEADS != 8u && head + HEADS != p.heads) { continue; }

    // Then to the keys of the prompt, a lane one head.
    let octet = head - i;
    let count = i + HEADS;
    let kv_quad = layer.pool + (octet + min(lane, count - 1u)) / p.group * QUADS;
    for (var j = min(begin, row.prompt_tokens); j < row.prompt_tokens; j++) {
      let at = kv_quad + (row.prompt_start + j) * width;
      var products = vec4f();
      for (var m = 0u; m < QUADS; m++) { products = fma(q[m], pools[at + m], products); }
      let score = products.x + products.y + products.z + products.w;
      let factor = exp(-abs(score - highest));
      let raises = score > highest;
      let shrink = select(1.0, factor, raises);
      let weight = select(factor, 1.0, raises);
      highest = select(highest, score, raises);
      total = fma(total, shrink, weight);
      for (var m = 0u; m < QUADS; m++) {
        sum[m] = fma(vec4f(weight), pools[at + v_offset + m], sum[m] * shrink);
      }
    }

    // From a head a lane to a quad a lane.
    for (var first = 0u; first < p.head_quads; first++) { // octets of quads
      var value = vec4f();
      for (var n = 0u; n < QUADS; n++) {
        let other = subgroupShuffle(sum[n] / total, first * KEYS + slot);
        value = select(value, other, quad == n);
      }
      if (first * KEYS + slot < count) { work[base + p.attended + octet * QUADS + first * 8u + lane] = value; }
    }
  }
}

/** Draws and notes the next token; eight quads of the logits, which begin at `first`, at a time. */
fn draw(row: Row, first: u32, lane: u32, to: u32) -> u32 {
  let keys = race_keys(row);
  let quads = (p.vocab + 3u) / 4u;
  var highest = -3.0e38;
  var total = 0.0;
  var race = Race(-3.0e38, 0.0, -3.0e38, 0u); // of this lane's columns
  for (var quad = 0u; quad < quads; quad += 8u) {
    let own = min(quad + lane, quads - 1u);
    let x = tempered(own, work[first + own]);
    race = race_for(race, own, x, keys);
    // What race_on() adds up, one quad after the other.
    let top = max(max(x.x, x.y), max(x.z, x.w));
    var raised = max(highest, top);
    for (var apart = 1u; apart < 8u; apart *= 2u) {
      let before = subgroupShuffle(raised, lane - min(lane, apart));
      raised = max(raised, before);
    }
    let before = select(subgroupShuffle(raised, lane - min(lane, 1u)), highest, lane == 0u);
    let real = quad + lane < quads;
    let shrink = select(1.0, exp(before - raised), real);
    let e = select(vec4f(), exp(x - raised), real);
    for (var i = 0u; i < 8u; i++) {
      let part = subgroupShuffle(e, i);
      total = total * subgroupShuffle(shrink, i) + part.x + part.y + part.z + part.w;
    }
    highest = subgroupShuffle(raised, 7u);
  }
  for (var apart = 1u; apart < 8u; apart *= 2u) {
    let best = subgroupShuffleXor(race.best, apart);
    let winner = subgroupShuffleXor(race.winner, apart);
    let wins = best > race.best || (best == race.best && winner < race.winner);
    race.best = select(race.best, best, wins);
    race.winner = select(race.winner, winner, wins);
  }
  let owner = race.winner / 4u % 8u;
  let logit = subgroupShuffle(work[first + race.winner / 32u * 8u + lane], owner)[race.winner % 4u];
  if (lane == 0u) {
    emitted[to] = vec2u(race.winner, bitcast<u32>(logit * p.inverse_temperature - highest - log(total)));
  }
  return race.winner;
}
