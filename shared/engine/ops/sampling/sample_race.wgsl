// Put in front of kernels that sample: drawing a column of the logits. Their Params have vocab, inverse_temperature
// and greedy.
//
// argmax(x + g) with g = -log(E), E exponential, is a draw from softmax(x). E comes from a counter-based hash of
// (row key, position, column): no state, so the draw does not depend on the batch.

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

/** Of the columns seen so far. */
struct Race {
  highest: f32,
  total: f32, // of exp(x - highest)
  best: f32, // score
  winner: u32, // column with that score
}

/** The keys of a row's random numbers at its position. */
fn race_keys(row: Row) -> vec2u {
  let a = mix(row.key_a ^ mix(row.position));
  return vec2u(a, mix(row.key_b + a));
}

/** The logits of four columns as they are drawn from; those past the vocabulary are padding. */
fn tempered(quad: u32, logits: vec4f) -> vec4f {
  return select(vec4f(-3.0e38), logits * p.inverse_temperature, vec4u(4u * quad) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.vocab));
}

/** The race after four more columns, of tempered logits x: the winner alone. */
fn race_for(before: Race, quad: u32, x: vec4f, keys: vec2u) -> Race {
  var race = before;
  let columns = vec4u(4u * quad) + vec4u(0u, 1u, 2u, 3u);
  var score = x;
  if (p.greedy == 0u) {
    let noise = gumbel(mix4(mix4(columns ^ vec4u(keys.x)) + keys.y));
    score = select(vec4f(-3.0e38), x + noise, columns < vec4u(p.vocab));
  }
  let top = max(max(score.x, score.y), max(score.z, score.w));
  if (top > race.best) { // of equal scores the first column wins
    race.best = top;
    race.winner = select(select(select(columns.w, columns.z, score.z == top), columns.y, score.y == top), columns.x,
      score.x == top);
  }
  return race;
}

/** The race after four more columns. */
fn race_on(before: Race, quad: u32, logits: vec4f, keys: vec2u) -> Race {
  let x = tempered(quad, logits);
  var race = race_for(before, quad, x, keys);
  let raised = max(race.highest, max(max(x.x, x.y), max(x.z, x.w)));
  let e = exp(x - raised);
  race.total = race.total * exp(race.highest - raised) + e.x + e.y + e.z + e.w;
  race.highest = raised;
  return race;
}
