// attention for adapters whose subgroups have 8 lanes. A workgroup is one subgroup and takes one head of a tile of up
// to 16 query tokens, two a lane; segments.wgsl and lanes.wgsl come before. Keys come 8 at a time: each lane loads one key
// and one value, and broadcasts hand them to all, so that memory is read once for 16 queries.
//
// Compiled behind `enable subgroups;`, which not every host can parse.
const QUADS = 16u; // head_dim / 4

struct Params {
  tiles: u32,
  heads: u32,
  kv_heads: u32,
  quads: u32, // QUADS again: a bound that keeps the loops rolled
  window: u32, // how many positions back a query sees, its own included
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> qkv: array<vec4f>; // (tokens, (heads + 2 kv_heads) head_dim)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>; // (tiles)
@group(0) @binding(3) var<storage, read> segments: array<Segment>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>; // (tokens, heads head_dim)
@group(0) @binding(5) var<storage, read_write> lse: array<f32>; // (tokens, heads)

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let item = group.x + group.y * groups.x;
  let head = item % p.heads;
  if (item / p.heads >= p.tiles) { return; }
  let tile = tiles[item / p.heads];
  // Places past the end repeat the last token and store nothing.
  let token = vec2u(tile.first) + min(vec2u(lane, lane + 8u), vec2u(tile.count - 1u));
  let width = (p.heads + 2u * p.kv_heads) * QUADS;
  let key = (p.heads + head * p.kv_heads / p.heads) * QUADS;
  let value = key + p.kv_heads * QUADS;
  var qa: array<vec4f, QUADS>;
  var qb: array<vec4f, QUADS>;
  var sum_a: array<vec4f, QUADS>;
  var sum_b: array<vec4f, QUADS>;
  let scale = inverseSqrt(f32(4u * QUADS));
  for (var i = 0u; i < p.quads; i++) {
    qa[i] = qkv[token.x * width + head * QUADS + i] * scale;
    qb[i] = qkv[token.y * width + head * QUADS + i] * scale;
  }
  var highest = vec2f(-3.0e38);
  var total = vec2f();
  // Keys are taken by their position in the sequence, whatever segments they are in: so a query's sums are the same bits
  // whatever it is packed with, and however much of its sequence is shared.
  let own = segments[tile.segment];
  let limit = token - own.first + own.position + 1u;
  let end = tile.first + tile.count - own.first + own.position;
  let start = limit - min(limit, vec2u(p.window));
  let first = tile.first - own.first + own.position + 1u;
  for (var j = (first - min(first, p.window)) / 8u * 8u; j < end; j += 8u) {
    let row = row_of(own, min(j + lane, end - 1u)) * width;
    var a = Eight();
    var b = Eight();
    for (var i = 0u; i < p.quads; i++) {
      let k = rows_of(qkv[row + key + i]);
      a = dots(a, qa[i], k);
      b = dots(b, qb[i], k);
    }
    // Keys after the query, and before its window, have no weight.
    let ma = within(j, start.x, limit.x);
    let mb = within(j, start.y, limit.y);
    a = where_eight(ma, a, -3.0e38);
    b = where_eight(mb, b, -3.0e38);
    let best = max(highest, vec2f(largest(a), largest(b)));
    let shrink = exp(highest - best);
    let wa = where_eight(ma, exp_eight(a, best.x), 0.0);
    let wb = where_eight(mb, exp_eight(b, best.y), 0.0);
    highest = best;
    total = total * shrink + vec2f(all_of(wa), all_of(wb));
    for (var i = 0u; i < p.quads; i++) {
      let v = rows_of(qkv[row + value + i]);
      sum_a[i] = weighted(sum_a[i] * shrink.x, wa, v);
      sum_b[i] = weighted(sum_b[i] * shrink.y, wb, v);
    }
  }
  if (lane >= tile.count) { return; }
  let at = token * p.heads + head;
  for (var i = 0u; i < p.quads; i++) { out[at.x * QUADS + i] = sum_a[i] / total.x; }
  lse[at.x] = highest.x + log(total.x);
  if (lane + 8u >= tile.count) { return; }
  for (var i = 0u; i < p.quads; i++) { out[at.y * QUADS + i] = sum_b[i] / total.y; }
  lse[at.y] = highest.y + log(total.y);
}
