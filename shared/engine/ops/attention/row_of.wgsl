// Put behind the kernels that read keys by their position, which declare `segments`: see segments.wgsl.
/** Where the key of a position of a segment's sequences lies. */
fn row_of(own: Segment, position: u32) -> u32 {
  if (position >= own.position) { return own.first + position - own.position; }
  var above = own.parent;
  while (segments[above].position > position) { above = segments[above].parent; }
  return segments[above].first + position - segments[above].position;
}
