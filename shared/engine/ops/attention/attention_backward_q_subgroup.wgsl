// Attention backward, queries, for adapters whose subgroups have 8 lanes: as attention_subgroup.wgsl, a workgroup takes
// one head of a tile of up to 16 queries, two a lane, and 8 keys at a time. Probabilities come back from the saved
// log-sum-exp and are never stored; segments.wgsl and lanes.wgsl
// come before.
const QUADS = 16u; // head_dim / 4

struct Params {
  tiles: u32,
  heads: u32,
  kv_heads: u32,
  quads: u32, // QUADS again: a bound that keeps the loops rolled
  window: u32, // how many positions back a query sees, its own included
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> qkv: array<vec4f>; // (tokens, (heads + 2 kv_heads) head_dim), after RoPE
@group(0) @binding(2) var<storage, read> tiles: array<Tile>; // (tiles)
@group(0) @binding(3) var<storage, read> segments: array<Segment>;
@group(0) @binding(4) var<storage, read> lse: array<f32>; // (tokens, heads)
@group(0) @binding(5) var<storage, read> d: array<f32>; // (tokens, heads)
@group(0) @binding(6) var<storage, read> dout: array<vec4f>; // (tokens, heads head_dim)
@group(0) @binding(7) var<storage, read_write> dqkv: array<vec4f>; // as qkv; query columns written

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
  var ga: array<vec4f, QUADS>;
  var gb: array<vec4f, QUADS>;
  var sum_a: array<vec4f, QUADS>;
  var sum_b: array<vec4f, QUADS>;
  let scale = inverseSqrt(f32(4u * QUADS));
  let row = token * p.heads + head;
  for (var i = 0u; i < p.quads; i++) {
    qa[i] = qkv[token.x * width + head * QUADS + i] * scale;
    qb[i] = qkv[token.y * width + head * QUADS + i] * scale;
    ga[i] = dout[row.x * QUADS + i];
    gb[i] = dout[row.y * QUADS + i];
  }
  let top = vec2f(lse[row.x], lse[row.y]);
  let mean = vec2f(d[row.x], d[row.y]);
  let seen = token - segments[tile.segment].first + segments[tile.segment].position + 1u;
  // Positions of the first keys that each query sees, and any.
  let first = seen - min(seen, vec2u(p.window));
  let least = subgroupBroadcast(first.x, 0u);
  var segment = tile.segment;
  var limit = token + 1u;
  var end = tile.first + tile.count;
  loop {
    let start = segments[segment].first + first - min(first, vec2u(segments[segment].position));
    for (var j = segments[segment].first + least - min(least, segments[segment].position); j < end; j += 8u) {
      let at = min(j + lane, end - 1u) * width;
      var a = Eight();
      var b = Eight();
      for (var i = 0u; i < p.quads; i++) {
        let k = rows_of(qkv[at + key + i]);
        a = dots(a, qa[i], k);
        b = dots(b, qb[i], k);
      }
      var ea = Eight(vec4f(-mean.x), vec4f(-mean.x));
      var eb = Eight(vec4f(-mean.y), vec4f(-mean.y));
      for (var i = 0u; i < p.quads; i++) {
        let v = rows_of(qkv[at + value + i]);
        ea = dots(ea, ga[i], v);
        eb = dots(eb, gb[i], v);
      }
      // Keys after the query, and before its window, have no weight.
      a = where_eight(within(j, start.x, limit.x), exp_eight(a, top.x), 0.0);
      b = where_eight(within(j, start.y, limit.y), exp_eight(b, top.y), 0.0);
      let da = Eight(a.low * ea.low * scale, a.high * ea.high * scale);
      let db = Eight(b.low * eb.low * scale, b.high * eb.high * scale);
      for (var i = 0u; i < p.quads; i++) {
        let k = rows_of(qkv[at + key + i]);
        sum_a[i] = weighted(sum_a[i], da, k);
        sum_b[i] = weighted(sum_b[i], db, k);
      }
    }
    segment = segments[segment].parent;
    if (segment == NONE) { break; }
    end = segments[segment].end;
    limit = vec2u(end);
  }
  if (lane >= tile.count) { return; }
  for (var i = 0u; i < p.quads; i++) { dqkv[token.x * width + head * QUADS + i] = sum_a[i]; }
  if (lane + 8u >= tile.count) { return; }
  for (var i = 0u; i < p.quads; i++) { dqkv[token.y * width + head * QUADS + i] = sum_b[i]; }
}
