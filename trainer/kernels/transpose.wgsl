// out = x^T, one thread a block of 4 x 4.
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
  let across = p.cols / 4u;
  let down = p.rows / 4u;
  if (at >= across * down) { return; }
  let row = at / across;
  let col = at % across;
  let source = row * 4u * across + col;
  let block = transpose(mat4x4f(x[source], x[source + across], x[source + 2u * across], x[source + 3u * across]));
  for (var i = 0u; i < 4u; i++) { out[(col * 4u + i) * down + row] = block[i]; }
}
