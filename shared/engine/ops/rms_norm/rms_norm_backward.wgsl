// dx (+)= gradient of RMSNorm with respect to its input, one thread a row:
// dx = rstd * (w dy) - x * rstd^3 / cols * sum(w dy x).
struct Params {
  rows: u32,
  cols: u32,
  accumulate: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // (rows, cols)
@group(0) @binding(2) var<storage, read> weight: array<f32>; // (cols)
@group(0) @binding(3) var<storage, read> rstd: array<f32>; // (rows), from the forward
@group(0) @binding(4) var<storage, read> dy: array<f32>; // (rows, cols)
@group(0) @binding(5) var<storage, read_write> dx: array<f32>; // (rows, cols)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.x + id.y * groups.x * 64u;
  if (row >= p.rows) { return; }
  let base = row * p.cols;
  var sum = 0.0;
  for (var i = 0u; i < p.cols; i++) { sum = fma(weight[i] * dy[base + i], x[base + i], sum); }
  let r = rstd[row];
  let along = sum * r * r * r / f32(p.cols);
  for (var i = 0u; i < p.cols; i++) {
    var d = weight[i] * dy[base + i] * r - x[base + i] * along;
    if (p.accumulate != 0u) { d += dx[base + i]; }
    dx[base + i] = d;
  }
}
