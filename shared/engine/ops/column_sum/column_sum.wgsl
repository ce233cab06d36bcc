// out[g, c] (+)= sum of x[r, c] over the rows of group g. With one group it is a plain column sum; two
// dispatches (rows -> groups -> one row) sum any number of rows in a fixed order without atomics.
struct Params {
  rows: u32,
  cols: u32, // multiple of 4
  group_rows: u32,
  accumulate: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>; // (rows, cols)
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>; // (ceil(rows / group_rows), cols)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  let quads = p.cols / 4u;
  let first = (at / quads) * p.group_rows;
  if (first >= p.rows) { return; }
  let end = min(first + p.group_rows, p.rows);
  var sum = vec4f();
  for (var row = first; row < end; row++) { sum += x[row * quads + at % quads]; }
  if (p.accumulate != 0u) { sum += out[at]; }
  out[at] = sum;
}
