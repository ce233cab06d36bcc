// Moves the rows that go on to the front, in order, with their new token and position. Only the state moves:
// keys and values stay where they are. One thread a row counts the live rows before it.
struct Params {
  rows: u32, // capacity
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> next: array<u32>; // (rows)
@group(0) @binding(3) var<storage, read_write> moved: State;

const FINISHED = 0xffffffffu;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row > state.live || row > p.rows) { return; }
  var before = 0u;
  for (var i = 0u; i < row; i++) { before += select(1u, 0u, next[i] == FINISHED); }
  if (row == state.live) { // the thread past the last row knows how many remain
    moved.live = before;
    return;
  }
  if (next[row] == FINISHED) { return; }
  var r = state.rows[row];
  r.token = next[row];
  r.position += 1u;
  moved.rows[before] = r;
}
