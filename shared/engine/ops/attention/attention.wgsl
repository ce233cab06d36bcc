// Causal attention over segments with an online softmax; segments.wgsl comes before. One thread a head of a query token: q and
// the running output stay in registers, keys come four at a time so that one rescaling serves four.
// Loop bounds come as a parameter so that a CPU driver keeps the loops rolled and compiles fast.
const QUADS = 16u; // head_dim / 4

struct Params {
  tiles: u32,
  tile: u32, // most queries of one
  heads: u32,
  kv_heads: u32,
  quads: u32, // QUADS again
  window: u32, // how many positions back a query sees, its own included
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> qkv: array<vec4f>; // (tokens, (heads + 2 kv_heads) head_dim)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>; // (tiles)
@group(0) @binding(3) var<storage, read> segments: array<Segment>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>; // (tokens, heads head_dim)
@group(0) @binding(5) var<storage, read_write> lse: array<f32>; // (tokens, heads), kept for the backward

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * 64u;
  let head = item % p.heads;
  let query = item / p.heads;
  if (query / p.tile >= p.tiles) { return; }
  let tile = tiles[query / p.tile];
  if (query % p.tile >= tile.count) { return; }
  let token = tile.first + query % p.tile;
  let width = (p.heads + 2u * p.kv_heads) * QUADS;
  let key = (p.heads + head * p.kv_heads / p.heads) * QUADS;
  let value = key + p.kv_heads * QUADS;
  var q: array<vec4f, QUADS>;
  var sum: array<vec4f, QUADS>;
  let scale = inverseSqrt(f32(4u * QUADS));
  for (var i = 0u; i < p.quads; i++) { q[i] = qkv[token * width + head * QUADS + i] * scale; }
  var highest = -3.0e38;
  var total = 0.0;
  // Keys are taken by their position in the sequence: see attention_subgroup.wgsl.
  let own = segments[tile.segment];
  let end = token - own.first + own.position + 1u;
  for (var j = end - min(end, p.window); j < end; j += 4u) {
    // Past the query loads are clamped and the weight is zero.
    let position = min(vec4u(j, j + 1u, j + 2u, j + 3u), vec4u(end - 1u));
    let rows = width *
      vec4u(row_of(own, position.x), row_of(own, position.y), row_of(own, position.z), row_of(own, position.w));
    var score = vec4f();
    for (var i = 0u; i < p.quads; i++) {
      score += vec4f(
        dot(q[i], qkv[rows.x + key + i]),
        dot(q[i], qkv[rows.y + key + i]),
        dot(q[i], qkv[rows.z + key + i]),
        dot(q[i], qkv[rows.w + key + i]),
      );
    }
    score = select(score, vec4f(-3.0e38), vec4u(j, j + 1u, j + 2u, j + 3u) >= vec4u(end));
    let best = max(highest, max(max(score.x, score.y), max(score.z, score.w)));
    let shrink = exp(highest - best);
    let weight = exp(score - best);
    highest = best;
    total = total * shrink + weight.x + weight.y + weight.z + weight.w;
    for (var i = 0u; i < p.quads; i++) {
      sum[i] = sum[i] * shrink + weight.x * qkv[rows.x + value + i] + weight.y * qkv[rows.y + value + i] +
        weight.z * qkv[rows.z + value + i] + weight.w * qkv[rows.w + value + i];
    }
  }
  let at = token * p.heads + head;
  for (var i = 0u; i < p.quads; i++) { out[at * QUADS + i] = sum[i] / total; }
  lse[at] = highest + log(total);
}
