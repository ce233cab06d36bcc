// First stage of the norm-weight gradient: partials[g, c] = sum over the rows of group g of dy * x * rstd.
// A row of x and dy is one of `slices` consecutive ones inside a wider row, as the heads of q inside (q | k | v).
struct Params {
  rows: u32, // wide rows * slices
  cols: u32, // multiple of 4
  slices: u32,
  stride: u32, // of a wide row of x and dy, multiple of 4
  offset: u32, // of the first slice in it, multiple of 4
  rstd_stride: u32,
  rstd_offset: u32,
  group_rows: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>; // (rows / slices, stride)
@group(0) @binding(2) var<storage, read> rstd: array<f32>; // (rows / slices, rstd_stride)
@group(0) @binding(3) var<storage, read> dy: array<vec4f>; // as x
@group(0) @binding(4) var<storage, read_write> partials: array<vec4f>; // (ceil(rows / group_rows), cols)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  let quads = p.cols / 4u;
  let first = (at / quads) * p.group_rows;
  if (first >= p.rows) { return; }
  let end = min(first + p.group_rows, p.rows);
  var sum = vec4f();
  for (var row = first; row < end; row++) {
    let wide = row / p.slices;
    let slice = row % p.slices;
    let i = (wide * p.stride + p.offset) / 4u + slice * quads + at % quads;
    sum += dy[i] * x[i] * rstd[wide * p.rstd_stride + p.rstd_offset + slice];
  }
  partials[at] = sum;
}
