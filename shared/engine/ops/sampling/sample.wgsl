// Second half of sampling: one thread a row joins the row's tiles and emits its token. The log-probability is that of
// the tempered distribution.
struct Params {
  stride: u32,
  tiles: u32,
  inverse_temperature: f32,
  eos_count: u32,
  step: u32, // within the block
  block: u32, // steps of a block
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> logits: array<f32>; // (rows, stride)
@group(0) @binding(3) var<storage, read> partials: array<vec4u>; // (rows, tiles)
@group(0) @binding(4) var<storage, read> eos: array<u32>;
@group(0) @binding(5) var<storage, read_write> next: array<u32>; // (rows): token to feed, FINISHED
@group(0) @binding(6) var<storage, read_write> emitted: array<vec2u>; // (slots, block): token, log-probability

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.x + id.y * groups.x * 64u;
  if (row >= state.live) { return; }
  var highest = -3.0e38;
  var total = 0.0;
  var best = -3.0e38;
  var token = 0u;
  for (var i = 0u; i < p.tiles; i++) {
    let part = partials[row * p.tiles + i];
    let top = bitcast<f32>(part.x);
    let raised = max(highest, top);
    total = total * exp(highest - raised) + bitcast<f32>(part.y) * exp(top - raised);
    highest = raised;
    let score = bitcast<f32>(part.z);
    if (score > best) {
      best = score;
      token = part.w;
    }
  }
  emit(row, token, logits[row * p.stride + token] * p.inverse_temperature - highest - log(total));
}
