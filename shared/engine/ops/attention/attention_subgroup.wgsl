// attention for adapters whose subgroups have 8 lanes. A workgroup is one subgroup and takes one head of a tile of up
// to 8 query tokens, a lane each; segments.wgsl comes before. Keys come 8 at a time: each lane loads one key and one value, and
// broadcasts hand them to all, so that memory is read once for 8 queries.
//
// Compiled behind `enable subgroups;`, which not every host can parse.
const QUADS = 16u; // head_dim / 4

struct Params {
  tiles: u32,
  heads: u32,
  kv_heads: u32,
  quads: u32, // QUADS again: a bound that keeps the loops rolled
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
  // Lanes past the end repeat the last token and store nothing.
  let token = tile.first + min(lane, tile.count - 1u);
  let width = (p.heads + 2u * p.kv_heads) * QUADS;
  let key = (p.heads + head * p.kv_heads / p.heads) * QUADS;
  let value = key + p.kv_heads * QUADS;
  var q: array<vec4f, QUADS>;
  var sum: array<vec4f, QUADS>;
  let scale = inverseSqrt(f32(4u * QUADS));
  for (var i = 0u; i < p.quads; i++) { q[i] = qkv[token * width + head * QUADS + i] * scale; }
  var highest = -3.0e38;
  var total = 0.0;
  // The own segment as far as the queries, then all of those above: a query's keys are grouped by segments, and its sums
  // do not depend on what else it is packed with.
  var segment = tile.segment;
  var limit = token + 1u;
  var end = tile.first + tile.count;
  loop {
    for (var j = segments[segment].first; j < end; j += 8u) {
      let row = min(j + lane, end - 1u) * width;
      var s0 = vec4f();
      var s1 = vec4f();
      for (var i = 0u; i < p.quads; i++) {
        let k = qkv[row + key + i];
        let r = q[i];
        s0 += vec4f(
          dot(r, subgroupBroadcast(k, 0u)),
          dot(r, subgroupBroadcast(k, 1u)),
          dot(r, subgroupBroadcast(k, 2u)),
          dot(r, subgroupBroadcast(k, 3u)),
        );
        s1 += vec4f(
          dot(r, subgroupBroadcast(k, 4u)),
          dot(r, subgroupBroadcast(k, 5u)),
          dot(r, subgroupBroadcast(k, 6u)),
          dot(r, subgroupBroadcast(k, 7u)),
        );
      }
      // Keys after the query have no weight.
      let j0 = vec4u(j) + vec4u(0u, 1u, 2u, 3u);
      let j1 = j0 + 4u;
      let m0 = j0 < vec4u(limit);
      let m1 = j1 < vec4u(limit);
      s0 = select(vec4f(-3.0e38), s0, m0);
      s1 = select(vec4f(-3.0e38), s1, m1);
      let top = max(s0, s1);
      let best = max(highest, max(max(top.x, top.y), max(top.z, top.w)));
      let shrink = exp(highest - best);
      let w0 = select(vec4f(), exp(s0 - best), m0);
      let w1 = select(vec4f(), exp(s1 - best), m1);
      highest = best;
      let w = w0 + w1;
      total = total * shrink + w.x + w.y + w.z + w.w;
      for (var i = 0u; i < p.quads; i++) {
        let v = qkv[row + value + i];
        sum[i] = sum[i] * shrink +
          w0.x * subgroupBroadcast(v, 0u) + w0.y * subgroupBroadcast(v, 1u) +
          w0.z * subgroupBroadcast(v, 2u) + w0.w * subgroupBroadcast(v, 3u) +
          w1.x * subgroupBroadcast(v, 4u) + w1.y * subgroupBroadcast(v, 5u) +
          w1.z * subgroupBroadcast(v, 6u) + w1.w * subgroupBroadcast(v, 7u);
      }
    }
    segment = segments[segment].parent;
    if (segment == NONE) { break; }
    end = segments[segment].end;
    limit = end;
  }
  if (lane >= tile.count) { return; }
  let at = token * p.heads + head;
  for (var i = 0u; i < p.quads; i++) { out[at * QUADS + i] = sum[i] / total; }
  lse[at] = highest + log(total);
}
