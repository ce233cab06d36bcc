// Second half of the head's log-probability: one thread a row joins the row's tiles.
struct Params {
  rows: u32,
  stride: u32,
  tiles: u32,
  inverse_temperature: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>; // (rows, stride)
@group(0) @binding(2) var<storage, read> partials: array<vec4f>; // (rows, tiles)
@group(0) @binding(3) var<storage, read> targets: array<u32>; // (rows)
@group(0) @binding(4) var<storage, read_write> log_prob: array<f32>; // (rows), of the target
@group(0) @binding(5) var<storage, read_write> entropy: array<f32>; // (rows)
@group(0) @binding(6) var<storage, read_write> lse: array<f32>; // (rows), of the scaled logits

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.x + id.y * groups.x * 64u;
  if (row >= p.rows) { return; }
  var highest = -3.0e38;
  for (var i = 0u; i < p.tiles; i++) { highest = max(highest, partials[row * p.tiles + i].x); }
  var total = 0.0;
  var shifted = 0.0;
  for (var i = 0u; i < p.tiles; i++) {
    let part = partials[row * p.tiles + i];
    let drop = part.x - highest;
    let shrink = exp(drop);
    total += part.y * shrink;
    shifted += (part.z + part.y * drop) * shrink;
  }
  let log_total = log(total);
  log_prob[row] = logits[row * p.stride + targets[row]] * p.inverse_temperature - highest - log_total;
  entropy[row] = log_total - shifted / total;
  lse[row] = highest + log_total;
}
