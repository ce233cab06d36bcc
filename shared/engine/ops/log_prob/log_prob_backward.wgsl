// Turns a chunk of recomputed logits into their gradient, in place, one thread a (row, quad):
// d log-prob / d logit_j = (onehot_j - softmax_j) / T, times the row's coefficient d loss / d log-prob.
struct Params {
  rows: u32,
  vocab: u32,
  stride: u32, // of a row of logits, multiple of 4; columns past the vocabulary get gradient 0
  inverse_temperature: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> lse: array<f32>; // log-sum-exp of logits / T, from the forward
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read> coefficients: array<f32>;
@group(0) @binding(4) var<storage, read_write> logits: array<vec4f>; // (rows, stride), not yet divided by T

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  let quads = p.stride / 4u;
  let row = at / quads;
  if (row >= p.rows) { return; }
  let column = vec4u(at % quads * 4u) + vec4u(0u, 1u, 2u, 3u);
  let softmax = exp(logits[at] * p.inverse_temperature - lse[row]);
  let onehot = select(vec4f(), vec4f(1.0), column == vec4u(targets[row]));
  let gradient = (onehot - softmax) * (coefficients[row] * p.inverse_temperature);
  logits[at] = select(vec4f(), gradient, column < vec4u(p.vocab));
}
