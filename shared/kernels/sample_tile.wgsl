// First half of sampling: one thread takes TILE columns of one row to their maximum and sum of exponentials
// and to the column that wins the Gumbel-max race among them.
//
// argmax(x + g) with g = -log(E), E exponential, is a draw from softmax(x). E comes from a counter-based hash of
// (row key, position, column): no state, so the draw does not depend on the batch.
const TILE = 1024u;

struct Params {
  vocab: u32,
  stride: u32, // columns of a row of logits, multiple of 4
  tiles: u32, // ceil(vocab / TILE)
  inverse_temperature: f32,
  greedy: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> logits: array<vec4f>; // (rows, stride)
@group(0) @binding(3) var<storage, read_write> partials: array<vec4u>; // (rows, tiles): max, sum, score, column

/** The finaliser "lowbias32" of Chris Wellons' hash prospector. */
fn mix(seed: u32) -> u32 {
  var h = seed;
  h = (h ^ (h >> 16u)) * 0x7feb352du;
  h = (h ^ (h >> 15u)) * 0x846ca68bu;
  return h ^ (h >> 16u);
}

fn mix4(seed: vec4u) -> vec4u {
  var h = seed;
  h = (h ^ (h >> vec4u(16u))) * 0x7feb352du;
  h = (h ^ (h >> vec4u(15u))) * 0x846ca68bu;
  return h ^ (h >> vec4u(16u));
}

/** -log of an exponential variate, exact to a few ulp for rare winners too: they have a tiny E. */
fn gumbel(bits: vec4u) -> vec4f {
  let u = (vec4f(bits) + 0.5) * 2.3283064e-10;
  // -log(1 - u) by its series where 1 - u would lose the digits of u.
  let series = u * (1.0 + u * (0.5 + u * (0.33333333 + u * 0.25)));
  let exponential = select(-log(max(1.0 - u, vec4f(1.0e-9))), series, u < vec4f(0.01));
  return -log(exponential);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * 64u;
  let row = item / p.tiles;
  if (row >= state.live) { return; }
  let first = item % p.tiles * (TILE / 4u);
  let end = min(first + TILE / 4u, (p.vocab + 3u) / 4u);
  let base = row * (p.stride / 4u);
  let r = state.rows[row];
  let key_a = mix(r.key_a ^ mix(r.position));
  let key_b = mix(r.key_b + key_a);
  var highest = -3.0e38;
  var total = 0.0;
  var best = -3.0e38;
  var winner = 4u * first;
  for (var quad = first; quad < end; quad++) {
    let columns = vec4u(4u * quad) + vec4u(0u, 1u, 2u, 3u);
    let real = columns < vec4u(p.vocab); // the rest is padding
    let x = select(vec4f(-3.0e38), logits[base + quad] * p.inverse_temperature, real);
    let raised = max(highest, max(max(x.x, x.y), max(x.z, x.w)));
    let e = exp(x - raised);
    total = total * exp(highest - raised) + e.x + e.y + e.z + e.w;
    highest = raised;
    var score = x;
    if (p.greedy == 0u) {
      let noise = gumbel(mix4(mix4(columns ^ vec4u(key_a)) + key_b));
      score = select(vec4f(-3.0e38), x + noise, real);
    }
    let top = max(max(score.x, score.y), max(score.z, score.w));
    if (top > best) { // of equal scores the first column wins
      best = top;
      winner = select(select(select(columns.w, columns.z, score.z == top), columns.y, score.y == top), columns.x,
        score.x == top);
    }
  }
  partials[item] = vec4u(bitcast<u32>(highest), bitcast<u32>(total), bitcast<u32>(best), winner);
}
