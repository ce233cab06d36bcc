// x[row] = embedding of the row's token, from one shard of the table: tokens outside it are left alone.
struct Params {
  quads: u32, // hidden / 4
  first: u32, // first token of the shard
  count: u32, // tokens of the shard
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> table: array<vec4f>; // (count, hidden)
@group(0) @binding(3) var<storage, read_write> x: array<vec4f>; // (rows, hidden)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * 64u;
  let row = item / p.quads;
  if (row >= state.live) { return; }
  let at = state.rows[row].token - p.first; // wraps to a huge number below the shard
  if (at < p.count) { x[item] = table[at * p.quads + item % p.quads]; }
}
