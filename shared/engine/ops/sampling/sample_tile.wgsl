// First half of sampling: one thread takes TILE columns of one row to their maximum and sum of exponentials
// and to the column that wins the race among them: see sample_race.wgsl.
const TILE = 1024u;

struct Params {
  vocab: u32,
  stride: u32, // columns of a row of logits, multiple of 4
  tiles: u32, // ceil(vocab / TILE)
  inverse_temperature: f32,
  greedy: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> logits: array<vec4f>; // (rows, stride)
@group(0) @binding(3) var<storage, read_write> partials: array<vec4u>; // (rows, tiles): max, sum, score, column

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * 64u;
  let row = item / p.tiles;
  if (row >= state.live) { return; }
  let first = item % p.tiles * (TILE / 4u);
  let end = min(first + TILE / 4u, (p.vocab + 3u) / 4u);
  let base = row * (p.stride / 4u);
  let keys = race_keys(state.rows[row]);
  var race = Race(-3.0e38, 0.0, -3.0e38, 4u * first);
  for (var quad = first; quad < end; quad++) { race = race_on(race, quad, logits[base + quad], keys); }
  partials[item] = vec4u(bitcast<u32>(race.highest), bitcast<u32>(race.total), bitcast<u32>(race.best), race.winner);
}
