// Attention backward, keys and values: dk = sum ds q, dv = sum p dout over the later queries of the sequence
// and over the query heads of the group, in order; one thread a (key tile, kv head, quad of head_dim).
struct Params {
  tokens: u32,
  heads: u32,
  kv_heads: u32,
  head_dim: u32, // multiple of 4
  tile_count: u32,
  first_tile: u32, // query tiles of this chunk
  end_tile: u32,
  span: u32,
  accumulate: u32, // chunks after the first add
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> qkv: array<vec4f>; // (tokens, (heads + 2 kv_heads) head_dim)
@group(0) @binding(2) var<storage, read> dout: array<vec4f>; // (tokens, heads head_dim)
@group(0) @binding(3) var<storage, read> tiles: array<vec4u>; // first token, count, first and end tile of the sequence
@group(0) @binding(4) var<storage, read> probability: array<vec4f>; // (chunk tiles, heads, span) of 4 queries
@group(0) @binding(5) var<storage, read> dscore: array<vec4f>; // likewise
@group(0) @binding(6) var<storage, read_write> dqkv: array<vec4f>; // as qkv; key and value columns written

fn combine(w: vec4f, x0: vec4f, x1: vec4f, x2: vec4f, x3: vec4f, sum: vec4f) -> vec4f {
  return fma(vec4f(w.x), x0, fma(vec4f(w.y), x1, fma(vec4f(w.z), x2, fma(vec4f(w.w), x3, sum))));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  let quads = p.head_dim / 4u;
  let kv_quads = p.kv_heads * quads;
  let key_tile = at / kv_quads;
  if (key_tile >= p.tile_count) { return; }
  let kv_head = at % kv_quads / quads;
  let quad = at % quads;
  let tile = tiles[key_tile];
  let stride = p.heads * quads + 2u * kv_quads;
  let group = p.heads / p.kv_heads;
  let last = p.tokens - 1u;
  var dk0 = vec4f(); var dk1 = vec4f(); var dk2 = vec4f(); var dk3 = vec4f();
  var dv0 = vec4f(); var dv1 = vec4f(); var dv2 = vec4f(); var dv3 = vec4f();
  for (var query_tile = max(key_tile, p.first_tile); query_tile < min(tile.w, p.end_tile); query_tile++) {
    // Rows past the tile's count are clamped: their probabilities are 0.
    let token = tile.x + (query_tile - key_tile) * 4u;
    let rows = min(vec4u(token) + vec4u(0u, 1u, 2u, 3u), vec4u(last));
    for (var head = kv_head * group; head < (kv_head + 1u) * group; head++) {
      let s = ((query_tile - p.first_tile) * p.heads + head) * p.span + (key_tile - tile.z) * 4u;
      let q = rows * stride + head * quads + quad;
      let q0 = qkv[q.x]; let q1 = qkv[q.y]; let q2 = qkv[q.z]; let q3 = qkv[q.w];
      dk0 = combine(dscore[s], q0, q1, q2, q3, dk0);
      dk1 = combine(dscore[s + 1u], q0, q1, q2, q3, dk1);
      dk2 = combine(dscore[s + 2u], q0, q1, q2, q3, dk2);
      dk3 = combine(dscore[s + 3u], q0, q1, q2, q3, dk3);
      let g = (rows * p.heads + head) * quads + quad;
      let g0 = dout[g.x]; let g1 = dout[g.y]; let g2 = dout[g.z]; let g3 = dout[g.w];
      dv0 = combine(probability[s], g0, g1, g2, g3, dv0);
      dv1 = combine(probability[s + 1u], g0, g1, g2, g3, dv1);
      dv2 = combine(probability[s + 2u], g0, g1, g2, g3, dv2);
      dv3 = combine(probability[s + 3u], g0, g1, g2, g3, dv3);
    }
  }
  let to = tile.x * stride + p.heads * quads + at % kv_quads;
  store(to, dk0, dv0, kv_quads);
  if (tile.y > 1u) { store(to + stride, dk1, dv1, kv_quads); }
  if (tile.y > 2u) { store(to + 2u * stride, dk2, dv2, kv_quads); }
  if (tile.y > 3u) { store(to + 3u * stride, dk3, dv3, kv_quads); }
}

fn store(at: u32, dk: vec4f, dv: vec4f, kv_quads: u32) {
  if (p.accumulate != 0u) {
    dqkv[at] += dk;
    dqkv[at + kv_quads] += dv;
  } else {
    dqkv[at] = dk;
    dqkv[at + kv_quads] = dv;
  }
}
