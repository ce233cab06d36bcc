// One AdamW update with decoupled weight decay, one thread a quad (Loshchilov and Hutter 2019, in the order
// of torch.optim.AdamW). The clipping factor is read from the GPU; a negative one means: change nothing.
struct Params {
  quads: u32,
  beta1: f32,
  beta2: f32,
  new1: f32, // 1 - beta1, rounded after the subtraction: 1 - 0.999 in f32 is off by 1e-5
  new2: f32,
  epsilon: f32,
  decay: f32, // 1 - lr * weight_decay
  step_size: f32, // lr / (1 - beta1^t)
  root_correction: f32, // 1 / sqrt(1 - beta2^t)
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(2) var<storage, read> clip: array<f32>; // norm, factor
@group(0) @binding(3) var<storage, read_write> weight: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> exp_avg: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> exp_avg_sq: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  let factor = clip[1];
  if (at >= p.quads || factor < 0.0) { return; }
  let g = gradient[at] * factor;
  let m = p.beta1 * exp_avg[at] + p.new1 * g;
  let v = p.beta2 * exp_avg_sq[at] + p.new2 * g * g;
  exp_avg[at] = m;
  exp_avg_sq[at] = v;
  weight[at] = weight[at] * p.decay - p.step_size * m / (sqrt(v) * p.root_correction + p.epsilon);
}
