// Attention backward, keys and values, for adapters whose subgroups have 8 lanes. A workgroup takes one head of a tile of
// up to 16 keys, two a lane, and the queries that see them 8 at a time: each lane loads one query, and broadcasts hand it
// to all. segments.wgsl and lanes.wgsl come before.
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
@group(0) @binding(7) var<storage, read_write> dqkv: array<vec4f>; // as qkv; key and value columns written

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let item = group.x + group.y * groups.x;
  let kv_head = item % p.kv_heads;
  let key_tile = item / p.kv_heads;
  if (key_tile >= p.tiles) { return; }
  let tile = tiles[key_tile];
  // Places past the end repeat the last token and store nothing.
  let token = vec2u(tile.first) + min(vec2u(lane, lane + 8u), vec2u(tile.count - 1u));
  let width = (p.heads + 2u * p.kv_heads) * QUADS;
  let key = token * width + (p.heads + kv_head) * QUADS;
  let value = key + p.kv_heads * QUADS;
  let shared_by = p.heads / p.kv_heads;
  var ka: array<vec4f, QUADS>;
  var kb: array<vec4f, QUADS>;
  var va: array<vec4f, QUADS>;
  var vb: array<vec4f, QUADS>;
  var dka: array<vec4f, QUADS>;
  var dkb: array<vec4f, QUADS>;
  var dva: array<vec4f, QUADS>;
  var dvb: array<vec4f, QUADS>;
  let scale = inverseSqrt(f32(4u * QUADS));
  for (var i = 0u; i < p.quads; i++) {
    ka[i] = qkv[key.x + i] * scale;
    kb[i] = qkv[key.y + i] * scale;
    va[i] = qkv[value.x + i];
    vb[i] = qkv[value.y + i];
  }
  let position = token - segments[tile.segment].first + segments[tile.segment].position;
  let farthest = tile.first + tile.count - segments[tile.segment].first + segments[tile.segment].position + p.window - 1u;
  let end_tile = segments[tile.segment].end_tile;
  for (var head = kv_head * shared_by; head < (kv_head + 1u) * shared_by; head++) {
    for (var query_tile = key_tile; query_tile < end_tile; query_tile++) {
      let first = tiles[query_tile].first;
      let end = first + tiles[query_tile].count;
      // Queries a window or more behind the key do not see it.
      let segment = segments[tiles[query_tile].segment];
      let past = position + p.window;
      let limit = min(vec2u(end), segment.first + past - min(past, vec2u(segment.position)));
      let last = min(end, segment.first + farthest - min(farthest, segment.position));
      for (var j = first; j < last; j += 8u) {
        let query = min(j + lane, end - 1u);
        let row = query * p.heads + head;
        let q = query * width + head * QUADS;
        let g = row * QUADS;
        var a = Eight();
        var b = Eight();
        for (var i = 0u; i < p.quads; i++) {
          let x = rows_of(qkv[q + i]);
          a = dots(a, ka[i], x);
          b = dots(b, kb[i], x);
        }
        let mean = numbers_of(d[row]);
        var ea = Eight(-mean.low, -mean.high);
        var eb = ea;
        for (var i = 0u; i < p.quads; i++) {
          let x = rows_of(dout[g + i]);
          ea = dots(ea, va[i], x);
          eb = dots(eb, vb[i], x);
        }
        // Queries before the key, and those that are not there, have no weight.
        let top = numbers_of(lse[row]);
        a = Eight(exp(a.low - top.low), exp(a.high - top.high));
        b = Eight(exp(b.low - top.low), exp(b.high - top.high));
        a = where_eight(within(j, token.x, limit.x), a, 0.0);
        b = where_eight(within(j, token.y, limit.y), b, 0.0);
        let da = Eight(a.low * ea.low * scale, a.high * ea.high * scale);
        let db = Eight(b.low * eb.low * scale, b.high * eb.high * scale);
        for (var i = 0u; i < p.quads; i++) {
          let x = rows_of(qkv[q + i]);
          dka[i] = weighted(dka[i], da, x);
          dkb[i] = weighted(dkb[i], db, x);
        }
        for (var i = 0u; i < p.quads; i++) {
          let x = rows_of(dout[g + i]);
          dva[i] = weighted(dva[i], a, x);
          dvb[i] = weighted(dvb[i], b, x);
        }
      }
    }
  }
  if (lane >= tile.count) { return; }
  for (var i = 0u; i < p.quads; i++) {
    dqkv[key.x + i] = dka[i];
    dqkv[value.x + i] = dva[i];
  }
  if (lane + 8u >= tile.count) { return; }
  for (var i = 0u; i < p.quads; i++) {
    dqkv[key.y + i] = dkb[i];
    dqkv[value.y + i] = dvb[i];
  }
}
