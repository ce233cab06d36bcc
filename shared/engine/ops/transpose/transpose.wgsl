// out = x^T, one thread 4 x 4 numbers.
struct Params {
  rows: u32, // multiple of 4
  cols: u32, // multiple of 4
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>; // (rows, cols)
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>; // (cols, rows)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  let height = p.rows / 4u;
  let width = p.cols / 4u;
  if (at >= width * height) { return; }
  let row = at / width;
  let quad = at % width;
  let first = 4u * row * width + quad;
  let t = transpose(mat4x4f(x[first], x[first + width], x[first + 2u * width], x[first + 3u * width]));
  let to = 4u * quad * height + row;
  out[to] = t[0]; out[to + height] = t[1]; out[to + 2u * height] = t[2]; out[to + 3u * height] = t[3];
}
