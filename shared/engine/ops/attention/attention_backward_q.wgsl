// Attention backward, queries: dq = sum over keys of ds k, one thread a (query tile, head, quad of head_dim);
// segments.wgsl comes before.
struct Params {
  heads: u32,
  kv_heads: u32,
  head_dim: u32, // multiple of 4
  first_tile: u32, // query tiles of this chunk
  end_tile: u32,
  span: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> qkv: array<vec4f>; // (tokens, (heads + 2 kv_heads) head_dim)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;
@group(0) @binding(3) var<storage, read> segments: array<Segment>;
@group(0) @binding(4) var<storage, read> dscore: array<vec4f>; // (chunk tiles, heads, span) of 4 queries
@group(0) @binding(5) var<storage, read_write> dqkv: array<vec4f>; // as qkv; query columns written

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  let quads = p.head_dim / 4u;
  let column = at % (p.heads * quads);
  let head = column / quads;
  let row = at / (p.heads * quads);
  if (p.first_tile + row >= p.end_tile) { return; }
  let tile = tiles[p.first_tile + row];
  let stride = (p.heads + 2u * p.kv_heads) * quads;
  let key_column = (p.heads + head / (p.heads / p.kv_heads)) * quads + column % quads;
  let scores = (row * p.heads + head) * p.span;
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  var segment = tile.segment;
  var end = tile.first + tile.count;
  loop {
    let first = segments[segment].first;
    var k = first * stride + key_column;
    var s = scores + segments[segment].column * 4u;
    for (var j = first; j < end; j++) {
      let ds = dscore[s];
      let kj = qkv[k];
      a0 = fma(vec4f(ds.x), kj, a0);
      a1 = fma(vec4f(ds.y), kj, a1);
      a2 = fma(vec4f(ds.z), kj, a2);
      a3 = fma(vec4f(ds.w), kj, a3);
      s += 1u;
      k += stride;
    }
    segment = segments[segment].parent;
    if (segment == NONE) { break; }
    end = segments[segment].end;
  }
  var to = tile.first * stride + column;
  for (var i = 0u; i < tile.count; i++) {
    dqkv[to] = a0;
    to += stride;
    a0 = a1; a1 = a2; a2 = a3;
  }
}
