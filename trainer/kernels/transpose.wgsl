// out = x^T, one thread four numbers of a row of out.
struct Params {
  rows: u32, // multiple of 4
  cols: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // (rows, cols)
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>; // (cols, rows)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  let quads = p.rows / 4u;
  if (at >= p.cols * quads) { return; }
  let first = at % quads * 4u * p.cols + at / quads;
  out[at] = vec4f(x[first], x[first + p.cols], x[first + 2u * p.cols], x[first + 3u * p.cols]);
}
