// Moves the continuing rows to the front, in order, with their new token and position. Only the state moves:
// keys and values stay where they are. One thread a row counts the live rows before it.
struct Params {
  rows: u32, // capacity
  row_words: u32, // ROW again: a bound that keeps the loop rolled
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: array<u32>; // a State
@group(0) @binding(2) var<storage, read> next: array<u32>; // (rows)
@group(0) @binding(3) var<storage, read_write> moved: array<u32>; // a State, by words so that one loop copies a row

const FINISHED = 0xffffffffu;
const HEADER = 1u; // words before the first row
const ROW = 9u; // words of a row

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  let live = state[0];
  if (row > live || row > p.rows) { return; }
  var before = 0u;
  for (var i = 0u; i < row; i++) { before += select(1u, 0u, next[i] == FINISHED); }
  if (row == live) { // the thread past the last row knows how many remain
    moved[0] = before;
    return;
  }
  if (next[row] == FINISHED) { return; }
  for (var word = 0u; word < p.row_words; word++) {
    moved[HEADER + before * ROW + word] = state[HEADER + row * ROW + word];
  }
  moved[HEADER + before * ROW] = next[row];
  moved[HEADER + before * ROW + 1u] += 1u; // the position
}
