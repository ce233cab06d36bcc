// x[row] = embedding of the row's token, with what the first norm takes: see decode_matmul.wgsl. One thread 8
// columns. `table` is one shard of the embeddings: rows whose token lies outside it are left alone.
struct Params {
  quads: u32, // hidden / 4
  first: u32, // first token of the shard
  count: u32, // tokens of the shard
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> table: array<vec4f>; // (count, hidden)
@group(0) @binding(3) var<storage, read> norm: array<vec4f>; // (hidden)
@group(0) @binding(4) var<storage, read_write> x: array<vec4f>; // (rows, hidden)
@group(0) @binding(5) var<storage, read_write> scaled: array<vec4f>; // (rows, hidden)
@group(0) @binding(6) var<storage, read_write> squares: array<f32>; // (rows, ceil(hidden / 8))

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * 64u;
  let blocks = (p.quads + 1u) / 2u;
  let row = item / blocks;
  if (row >= state.live) { return; }
  let at = state.rows[row].token - p.first; // wraps to a huge number below the shard
  if (at >= p.count) { return; }
  let first = item % blocks * 2u;
  let end = min(first + 2u, p.quads);
  var sum = 0.0;
  for (var quad = first; quad < end; quad++) {
    let v = table[at * p.quads + quad];
    x[row * p.quads + quad] = v;
    scaled[row * p.quads + quad] = v * norm[quad];
    sum += dot(v, v);
  }
  squares[item] = sum;
}
