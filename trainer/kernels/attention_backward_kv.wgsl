// Attention backward, keys (dk = sum ds q) or values (dv = sum p dout): both are sums over the later queries
// of the sequence and over the query heads of the group, in order. One thread a (key tile, kv head, quad of
// head_dim). Two dispatches instead of one keep the registers of a thread few, which doubles the speed.
struct Params {
  tokens: u32,
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
@group(0) @binding(2) var<storage, read> weight: array<vec4f>; // ds or p, (chunk tiles, heads, span) of 4 queries
@group(0) @binding(3) var<storage, read> x: array<vec4f>; // q or dout, (tokens, x_stride): heads side by side
@group(0) @binding(4) var<storage, read_write> dqkv: array<vec4f>; // (tokens, (heads + 2 kv_heads) head_dim)

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
  let tile = tiles[key_tile];
  let group = p.heads / p.kv_heads;
  let first_head = at % kv_quads / quads * group;
  let last = p.tokens - 1u;
  let begin = max(key_tile, p.first_tile);
  let steps = (max(begin, min(tile.w, p.end_tile)) - begin) * group;
  var query_tile = begin;
  var head = first_head;
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  // One loop over (query tile, head): software drivers pay for a nested one.
  for (var n = 0u; n < steps; n++) {
    // Rows past the tile's count are clamped: their weights are 0.
    let token = tile.x + (query_tile - key_tile) * 4u;
    let row = min(vec4u(token) + vec4u(0u, 1u, 2u, 3u), vec4u(last)) * (p.x_stride / 4u) + head * quads + at % quads;
    let s = ((query_tile - p.first_tile) * p.heads + head) * p.span + (key_tile - tile.z) * 4u;
    let x0 = x[row.x];
    let x1 = x[row.y];
    let x2 = x[row.z];
    let x3 = x[row.w];
    a0 = combine(weight[s], x0, x1, x2, x3, a0);
    a1 = combine(weight[s + 1u], x0, x1, x2, x3, a1);
    a2 = combine(weight[s + 2u], x0, x1, x2, x3, a2);
    a3 = combine(weight[s + 3u], x0, x1, x2, x3, a3);
    let wrap = head + 1u == first_head + group;
    head = select(head + 1u, first_head, wrap);
    query_tile += select(0u, 1u, wrap);
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
