// Attention backward, first pass: the probabilities p = exp(scale q.k - lse) and the score gradients
// ds = scale p (dout.v - D) of one tile of 4 queries against 4 keys, a thread a (query tile, key tile, head).
// A tile of 4 queries is one vec4, so the passes after it need no transposition and no mask.
struct Params {
  tokens: u32,
  heads: u32,
  kv_heads: u32,
  head_dim: u32, // multiple of 4
  scale: f32,
  first_tile: u32, // query tiles of this chunk
  end_tile: u32,
  span: u32, // keys per row of p and ds, multiple of 4
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> qkv: array<vec4f>; // (tokens, (heads + 2 kv_heads) head_dim), after RoPE
@group(0) @binding(2) var<storage, read> lse: array<f32>; // (tokens, heads)
@group(0) @binding(3) var<storage, read> d: array<f32>; // (tokens, heads)
@group(0) @binding(4) var<storage, read> dout: array<vec4f>; // (tokens, heads head_dim)
@group(0) @binding(5) var<storage, read> tiles: array<vec4u>; // first token, count, first and end tile of the sequence
@group(0) @binding(6) var<storage, read_write> probability: array<vec4f>; // (chunk tiles, heads, span) of 4 queries
@group(0) @binding(7) var<storage, read_write> dscore: array<vec4f>; // likewise

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  let head = at % p.heads;
  let key_tile = at / p.heads % (p.span / 4u);
  let row = at / p.heads / (p.span / 4u);
  if (p.first_tile + row >= p.end_tile) { return; }
  let tile = tiles[p.first_tile + row];
  if (key_tile > p.first_tile + row - tile.z) { return; }
  let first_key = tiles[tile.z].x + key_tile * 4u;

  let quads = p.head_dim / 4u;
  let stride = (p.heads + 2u * p.kv_heads) * quads;
  let last = p.tokens - 1u; // loads past the edge are clamped; the mask drops what they computed
  let query = min(vec4u(tile.x) + vec4u(0u, 1u, 2u, 3u), vec4u(last));
  let key = min(vec4u(first_key) + vec4u(0u, 1u, 2u, 3u), vec4u(last));
  let k_column = (p.heads + head / (p.heads / p.kv_heads)) * quads;
  let q = query * stride + head * quads;
  let g = (query * p.heads + head) * quads;
  let k = key * stride + k_column;
  let v = k + p.kv_heads * quads;
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  var e0 = vec4f(); var e1 = vec4f(); var e2 = vec4f(); var e3 = vec4f();
  for (var i = 0u; i < quads; i++) {
    let q0 = qkv[q.x + i]; let q1 = qkv[q.y + i]; let q2 = qkv[q.z + i]; let q3 = qkv[q.w + i];
    let k0 = qkv[k.x + i]; let k1 = qkv[k.y + i]; let k2 = qkv[k.z + i]; let k3 = qkv[k.w + i];
    s0 += vec4f(dot(q0, k0), dot(q1, k0), dot(q2, k0), dot(q3, k0));
    s1 += vec4f(dot(q0, k1), dot(q1, k1), dot(q2, k1), dot(q3, k1));
    s2 += vec4f(dot(q0, k2), dot(q1, k2), dot(q2, k2), dot(q3, k2));
    s3 += vec4f(dot(q0, k3), dot(q1, k3), dot(q2, k3), dot(q3, k3));
  }
  // A loop of its own: with both products in one, a thread runs out of registers.
  for (var i = 0u; i < quads; i++) {
    let g0 = dout[g.x + i]; let g1 = dout[g.y + i]; let g2 = dout[g.z + i]; let g3 = dout[g.w + i];
    let v0 = qkv[v.x + i]; let v1 = qkv[v.y + i]; let v2 = qkv[v.z + i]; let v3 = qkv[v.w + i];
    e0 += vec4f(dot(g0, v0), dot(g1, v0), dot(g2, v0), dot(g3, v0));
    e1 += vec4f(dot(g0, v1), dot(g1, v1), dot(g2, v1), dot(g3, v1));
    e2 += vec4f(dot(g0, v2), dot(g1, v2), dot(g2, v2), dot(g3, v2));
    e3 += vec4f(dot(g0, v3), dot(g1, v3), dot(g2, v3), dot(g3, v3));
  }
  let r = query * p.heads + head;
  let l = vec4f(lse[r.x], lse[r.y], lse[r.z], lse[r.w]);
  let mean = vec4f(d[r.x], d[r.y], d[r.z], d[r.w]);
  // Valid queries have an index below the tile's count; a query sees keys up to itself.
  let valid = vec4u(0u, 1u, 2u, 3u) < vec4u(tile.y);
  let own = vec4u(tile.x) + vec4u(0u, 1u, 2u, 3u);
  let p0 = select(vec4f(), exp(s0 * p.scale - l), valid & (own >= vec4u(first_key)));
  let p1 = select(vec4f(), exp(s1 * p.scale - l), valid & (own >= vec4u(first_key + 1u)));
  let p2 = select(vec4f(), exp(s2 * p.scale - l), valid & (own >= vec4u(first_key + 2u)));
  let p3 = select(vec4f(), exp(s3 * p.scale - l), valid & (own >= vec4u(first_key + 3u)));
  let to = (row * p.heads + head) * p.span + key_tile * 4u;
  probability[to] = p0;
  probability[to + 1u] = p1;
  probability[to + 2u] = p2;
  probability[to + 3u] = p3;
  dscore[to] = p0 * (e0 - mean) * p.scale;
  dscore[to + 1u] = p1 * (e1 - mean) * p.scale;
  dscore[to + 2u] = p2 * (e2 - mean) * p.scale;
  dscore[to + 3u] = p3 * (e3 - mean) * p.scale;
}
