// First stage of the global gradient norm: thread i adds the squares of quads i, i + threads, ... of one
// gradient and stores the sum at its own place among the partial sums of all gradients.
struct Params {
  quads: u32,
  threads: u32,
  offset: u32, // of this gradient's first partial sum
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>; // (quads)
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.threads) { return; }
  var sum = vec4f();
  for (var i = id.x; i < p.quads; i += p.threads) { sum = fma(gradient[i], gradient[i], sum); }
  partials[p.offset + id.x] = sum.x + sum.y + sum.z + sum.w;
}
