// Attention backward, keys (dk = sum ds q) or values (dv = sum p dout): both are sums over the queries that
// see them, from their own tile to the end of what lies below their segment, and over the query heads of the group, in
// order; segments.wgsl comes before. One thread a (key tile, kv head, quad of
// head_dim). Two dispatches instead of one keep the registers of a thread few, which doubles the speed.
struct Params {
  heads: u32,
  kv_heads: u32,
  head_dim: u32, // multiple of 4
  tile_count: u32,
  first_tile: u32, // query tiles of this chunk
  end_tile: u32,
  span: u32,
  x_stride: u32, // of a token in x, multiple of 4
  column: u32, // of the first written column in dqkv, multiple of 4
  accumulate: u32, // chunks after the first add
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> tiles: array<Tile>;
@group(0) @binding(2) var<storage, read> segments: array<Segment>;
@group(0) @binding(3) var<storage, read> weight: array<f32>; // ds or p, (chunk tiles, heads, span, 4 queries)
@group(0) @binding(4) var<storage, read> x: array<vec4f>; // q or dout, (tokens, x_stride): heads side by side
@group(0) @binding(5) var<storage, read_write> dqkv: array<vec4f>; // (tokens, (heads + 2 kv_heads) head_dim)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  let quads = p.head_dim / 4u;
  let kv_quads = p.kv_heads * quads;
  let key_tile = at / kv_quads;
  if (key_tile >= p.tile_count) { return; }
  let tile = tiles[key_tile];
  let group = p.heads / p.kv_heads;
  let first_head = at % kv_quads / quads * group;
  // The queries that see these keys: of this chunk, not before the tile.
  let begin = max(key_tile, p.first_tile);
  let end = min(segments[tile.segment].end_tile, p.end_tile);
  let tile_floats = p.heads * p.span * 4u;
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  for (var head = first_head; head < first_head + group; head++) {
    var first_weight = (begin - p.first_tile) * tile_floats + head * p.span * 4u + tile.column * 16u;
    for (var query_tile = begin; query_tile < end; query_tile++) {
      let queries = tiles[query_tile];
      var source = queries.first * (p.x_stride / 4u) + head * quads + at % quads;
      let end_weight = first_weight + queries.count;
      for (var w = first_weight; w < end_weight; w++) {
        let value = x[source];
        a0 = fma(vec4f(weight[w]), value, a0);
        a1 = fma(vec4f(weight[w + 4u]), value, a1);
        a2 = fma(vec4f(weight[w + 8u]), value, a2);
        a3 = fma(vec4f(weight[w + 12u]), value, a3);
        source += p.x_stride / 4u;
      }
      first_weight += tile_floats;
    }
  }
  let stride = p.heads * quads + 2u * kv_quads;
  var to = tile.first * stride + p.column / 4u + at % kv_quads;
  for (var i = 0u; i < tile.count; i++) {
    if (p.accumulate != 0u) { a0 += dqkv[to]; }
    dqkv[to] = a0;
    to += stride;
    a0 = a1; a1 = a2; a2 = a3;
  }
}
