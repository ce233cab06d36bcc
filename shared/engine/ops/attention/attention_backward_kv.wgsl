// Attention backward, keys (dk = sum ds q) or values (dv = sum p dout): both are sums over the later queries
// of the sequence and over the query heads of the group, in order. One thread a (key tile, kv head, quad of
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
@group(0) @binding(1) var<storage, read> tiles: array<vec4u>; // first token, count, first and end tile of the sequence
@group(0) @binding(2) var<storage, read> weight: array<f32>; // ds or p, (chunk tiles, heads, span, 4 queries)
@group(0) @binding(3) var<storage, read> x: array<vec4f>; // q or dout, (tokens, x_stride): heads side by side
@group(0) @binding(4) var<storage, read_write> dqkv: array<vec4f>; // (tokens, (heads + 2 kv_heads) head_dim)

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
  // The queries that see these keys: of this sequence, of this chunk, not before the tile.
  let begin = max(key_tile, p.first_tile);
  let end = max(begin, min(tile.w, p.end_tile));
  let first_query = tile.x + (begin - key_tile) * 4u;
  let after = tiles[tile.w - 1u].x + tiles[tile.w - 1u].y;
  let queries = min((end - begin) * 4u, after - min(after, first_query));
  let tile_floats = p.heads * p.span * 4u;
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  for (var head = first_head; head < first_head + group; head++) {
    let first_weight = (begin - p.first_tile) * tile_floats + head * p.span * 4u + (key_tile - tile.z) * 16u;
    var source = first_query * (p.x_stride / 4u) + head * quads + at % quads;
    for (var n = 0u; n < queries; n++) {
      let w = first_weight + n / 4u * tile_floats + n % 4u;
      let value = x[source];
      a0 = fma(vec4f(weight[w]), value, a0);
      a1 = fma(vec4f(weight[w + 4u]), value, a1);
      a2 = fma(vec4f(weight[w + 8u]), value, a2);
      a3 = fma(vec4f(weight[w + 12u]), value, a3);
      source += p.x_stride / 4u;
    }
  }
  let stride = p.heads * quads + 2u * kv_quads;
  var to = tile.x * stride + p.column / 4u + at % kv_quads;
  for (var i = 0u; i < tile.y; i++) {
    if (p.accumulate != 0u) { a0 += dqkv[to]; }
    dqkv[to] = a0;
    to += stride;
    a0 = a1; a1 = a2; a2 = a3;
  }
}
