// What a decode step of a small model computes between two attentions, in one dispatch, for CPU drivers whose subgroups
// have 8 lanes: they wake their threads for every dispatch, which takes as long as a product of 64 rows. A workgroup is
// one subgroup and takes TILE rows through several products: before the first of all their tokens' embeddings, after the
// last the draw of their next tokens.
//
// No barrier is needed: lane i owns the rows i and i + 8 of the tile, so what it reads of `work` it has written itself,
// or an earlier dispatch has.
const TILE = 16u;

/** Places in `work` are quads of a row, places in `weights` quads. */
struct Product {
  w: u32, // as pack_decode.wgsl lays it out
  depth: u32, // quads of the inner dimension
  quads: u32, // columns of the output / 4
  x: u32, // place of the input
  out: u32, // place of the output
  bias: u32, // place in weights, 0 for none; of SwiGLU twice as many quads, gate first
  kind: u32,
}
const QKV = 0u; // of the norm of x
const RESIDUAL = 1u; // added to the output
const SWIGLU = 2u; // of the norm of x, gate and up in turn
const LOGITS = 3u; // of the norm of x, the draw follows

struct Params {
  first: u32, // product; the first of all takes the embeddings of the tokens
  end: u32,
  hidden: u32, // quads
  lanes: u32, // 8: a bound that keeps a loop rolled
  stride: u32, // quads of a row of work
  eps: f32,
  vocab: u32,
  inverse_temperature: f32,
  greedy: u32,
  eos_count: u32,
  step: u32, // within the block
  block: u32, // steps of a block
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> products: array<Product>;
@group(0) @binding(3) var<storage, read> weights: array<vec4f>;
@group(0) @binding(4) var<storage, read> embeddings: array<vec4f>; // (vocabulary, hidden)
@group(0) @binding(5) var<storage, read> eos: array<u32>;
@group(0) @binding(6) var<storage, read_write> work: array<vec4f>; // (rows, stride): x, qkv, attended, inner, logits
@group(0) @binding(7) var<storage, read_write> next: array<u32>; // (rows): token to feed, FINISHED
@group(0) @binding(8) var<storage, read_write> emitted: array<vec2u>; // (slots, block): token, log-probability

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let row = group.x * TILE;
  if (row >= state.live) { return; }
  let end = min(row + TILE, state.live);
  if (p.first == 0u) {
    for (var own = row + lane; own < end; own += 8u) {
      let token = state.rows[own].token;
      for (var quad = 0u; quad < p.hidden; quad++) {
        work[own * p.stride + quad] = embeddings[token * p.hidden + quad];
      }
    }
  }
  for (var n = p.first; n < p.end; n++) {
    let product = products[n];
    multiply(product, row, end, lane);
    if (product.kind == LOGITS) {
      for (var own = row + lane; own < end; own += 8u) { draw(own, product.out); }
    }
  }
}

/** Samples the next token of a row, whose logits begin at place `first`. */
fn draw(row: u32, first: u32) {
  let base = row * p.stride + first;
  let keys = race_keys(state.rows[row]);
  var race = Race(-3.0e38, 0.0, -3.0e38, 0u);
  for (var quad = 0u; quad < (p.vocab + 3u) / 4u; quad++) { race = race_on(race, quad, work[base + quad], keys); }
  let logit = work[base + race.winner / 4u][race.winner % 4u];
  emit(row, race.winner, logit * p.inverse_temperature - race.highest - log(race.total));
}
