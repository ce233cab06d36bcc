// Put in front of the kernels of packed attention: see segments.ts.
struct Segment {
  first: u32, // token
  end: u32, // token
  parent: u32, // segment above, or NONE
  position: u32, // of the first token in its sequence
  column: u32, // of its first tile in the scores of whoever sees it
  end_tile: u32, // after the last tile of what sees it
}
struct Tile {
  first: u32, // token
  count: u32,
  segment: u32,
  column: u32,
}
const NONE = 0xffffffffu;

