// Attention backward, first pass; segments.wgsl comes before: the probabilities p = exp(scale q.k - lse) and the score gradients
// ds = scale p (dout.v - D) of one tile of 4 queries against 4 keys, a thread a (query tile, key tile, head).
// A tile of 4 queries is one vec4, so the passes after it need no transposition and no mask. Loads are single
// numbers: a CPU driver compiles in time proportional to the load sites and reads no faster by fours.
struct Params {
  tokens: u32,
  heads: u32,
  kv_heads: u32,
  head_dim: u32, // multiple of 4
  scale: f32,
  first_tile: u32, // query tiles of this chunk
  end_tile: u32,
  span: u32, // keys per row of p and ds, multiple of 4
  window: u32, // how many positions back a query sees, its own included
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> qkv: array<f32>; // (tokens, (heads + 2 kv_heads) head_dim), after RoPE
@group(0) @binding(2) var<storage, read> lse: array<f32>; // (tokens, heads)
@group(0) @binding(3) var<storage, read> d: array<f32>; // (tokens, heads)
@group(0) @binding(4) var<storage, read> dout: array<f32>; // (tokens, heads head_dim)
@group(0) @binding(5) var<storage, read> tiles: array<Tile>;
@group(0) @binding(6) var<storage, read> segments: array<Segment>;
@group(0) @binding(7) var<storage, read_write> probability: array<vec4f>; // (chunk tiles, heads, span) of 4 queries
@group(0) @binding(8) var<storage, read_write> dscore: array<vec4f>; // likewise

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  let head = at % p.heads;
  let key_tile = at / p.heads % (p.span / 4u);
  let row = at / p.heads / (p.span / 4u);
  if (p.first_tile + row >= p.end_tile) { return; }
  let tile = tiles[p.first_tile + row];
  if (key_tile > tile.column) { return; }
  var segment = tile.segment;
  while (segments[segment].column > key_tile) { segment = segments[segment].parent; }
  let first_key = segments[segment].first + (key_tile - segments[segment].column) * 4u;

  let stride = (p.heads + 2u * p.kv_heads) * p.head_dim;
  let last = p.tokens - 1u; // loads past the edge are clamped; the mask drops what they computed
  let query = min(vec4u(tile.first) + vec4u(0u, 1u, 2u, 3u), vec4u(last));
  let key = min(vec4u(first_key) + vec4u(0u, 1u, 2u, 3u), vec4u(last));
  let q = query * stride + head * p.head_dim;
  let g = (query * p.heads + head) * p.head_dim;
  let k = key * stride + (p.heads + head / (p.heads / p.kv_heads)) * p.head_dim;
  let v = k + p.kv_heads * p.head_dim;
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  for (var i = 0u; i < p.head_dim; i++) {
    let own = vec4f(qkv[q.x + i], qkv[q.y + i], qkv[q.z + i], qkv[q.w + i]);
    s0 = fma(own, vec4f(qkv[k.x + i]), s0);
    s1 = fma(own, vec4f(qkv[k.y + i]), s1);
    s2 = fma(own, vec4f(qkv[k.z + i]), s2);
    s3 = fma(own, vec4f(qkv[k.w + i]), s3);
  }
  // A loop of its own: with both products in one, a thread runs out of registers.
  var e0 = vec4f(); var e1 = vec4f(); var e2 = vec4f(); var e3 = vec4f();
  for (var i = 0u; i < p.head_dim; i++) {
    let own = vec4f(dout[g.x + i], dout[g.y + i], dout[g.z + i], dout[g.w + i]);
    e0 = fma(own, vec4f(qkv[v.x + i]), e0);
    e1 = fma(own, vec4f(qkv[v.y + i]), e1);
    e2 = fma(own, vec4f(qkv[v.z + i]), e2);
    e3 = fma(own, vec4f(qkv[v.w + i]), e3);
  }
  let r = query * p.heads + head;
  let l = vec4f(lse[r.x], lse[r.y], lse[r.z], lse[r.w]);
  let mean = vec4f(d[r.x], d[r.y], d[r.z], d[r.w]);
  // Valid queries have an index below the tile's count; a query sees keys up to itself, and segments above come earlier.
  let own = vec4u(tile.first) + vec4u(0u, 1u, 2u, 3u);
  let valid = vec4u(0u, 1u, 2u, 3u) < vec4u(tile.count);
  let position = own - segments[tile.segment].first + segments[tile.segment].position;
  var past = first_key - segments[segment].first + segments[segment].position + p.window; // of the queries that see it
  var to = (row * p.heads + head) * p.span + key_tile * 4u;
  let end = to + min(4u, p.span); // always 4, but not to the compiler, which would unroll the loop
  var j = first_key;
  for (; to < end; to++) {
    let weight = select(vec4f(), exp(s0 * p.scale - l), valid & (own >= vec4u(j)) & (position < vec4u(past)));
    probability[to] = weight;
    dscore[to] = weight * (e0 - mean) * p.scale;
    s0 = s1; s1 = s2; s2 = s3;
    e0 = e1; e1 = e2; e2 = e3;
    j++;
    past++;
  }
}
