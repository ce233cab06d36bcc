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
@group(0) @binding(2) var<storage, read> logits: array<f32>; // (rows, stride)
@group(0) @binding(3) var<storage, read_write> partials: array<vec4u>; // (rows, tiles): max, sum, score, column

/** The finaliser "lowbias32" of Chris Wellons' hash prospector. */
fn mix(seed: u32) -> u32 {
  var h = seed;
  h = (h ^ (h >> 16u)) * 0x7feb352du;
  h = (h ^ (h >> 15u)) * 0x846ca68bu;
  return h ^ (h >> 16u);
}

/** -log of an exponential variate, exact to a few ulp for rare winners too: they have a tiny E. */
fn gumbel(bits: u32) -> f32 {
  let u = (f32(bits) + 0.5) * 2.3283064e-10;
  // -log(1 - u) by its series where 1 - u would lose the digits of u.
  let series = u * (1.0 + u * (0.5 + u * (0.33333333 + u * 0.25)));
  let exponential = select(-log(max(1.0 - u, 1.0e-9)), series, u < 0.01);
  return -log(exponential);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * 64u;
  let row = item / p.tiles;
  if (row >= state.live) { return; }
  let first = item % p.tiles * TILE;
  let end = min(first + TILE, p.vocab);
  let base = row * p.stride;
  let r = state.rows[row];
  let key_a = mix(r.key_a ^ mix(r.position));
  let key_b = mix(r.key_b + key_a);
  var highest = -3.0e38;
  var total = 0.0;
  var best = -3.0e38;
  var winner = first;
  for (var column = first; column < end; column++) {
    let x = logits[base + column] * p.inverse_temperature;
    let raised = max(highest, x);
    total = total * exp(highest - raised) + exp(x - raised);
    highest = raised;
    var score = x;
    if (p.greedy == 0u) { score += gumbel(mix(mix(column ^ key_a) + key_b)); }
    if (score > best) {
      best = score;
      winner = column;
    }
  }
  partials[item] = vec4u(bitcast<u32>(highest), bitcast<u32>(total), bitcast<u32>(best), winner);
}
