// Last stage of the global norm, one thread: norm = sqrt(sum of partials), and the factor that clips the
// gradients to max_norm, as torch.nn.utils.clip_grad_norm_ computes it. A norm that is infinite or no number
// gives the factor -1, at which AdamW leaves everything as it is.
struct Params {
  quads: u32,
  max_norm: f32, // 0: no clipping
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> partials: array<vec4f>; // (quads)
@group(0) @binding(2) var<storage, read_write> clip: array<f32>; // norm, factor

@compute @workgroup_size(1)
fn main() {
  var sum = vec4f();
  for (var i = 0u; i < p.quads; i++) { sum += partials[i]; }
  let norm = sqrt(sum.x + sum.y + sum.z + sum.w);
  var factor = 1.0;
  if (p.max_norm > 0.0) { factor = min(1.0, p.max_norm / (norm + 1e-6)); }
  // WGSL may assume finite numbers in comparisons, so the bits decide.
  if ((bitcast<u32>(norm) & 0x7f800000u) == 0x7f800000u) { factor = -1.0; }
  clip[0] = norm;
  clip[1] = factor;
}
