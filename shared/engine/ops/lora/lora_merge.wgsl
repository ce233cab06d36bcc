// merged[i, first + j] = base[i, first + j] + scale * sum over k of a[i, k] b[k, j]: one LoRA pair put into its
// columns of a weight. One thread a (row, quad of columns).
struct Params {
  rows: u32,
  stride: u32, // columns of the weight, multiple of 4
  first: u32, // first column of this pair, multiple of 4
  cols: u32, // columns of this pair, multiple of 4
  rank: u32,
  scale: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> base: array<vec4f>; // (rows, stride)
@group(0) @binding(2) var<storage, read> a: array<f32>; // (rows, rank)
@group(0) @binding(3) var<storage, read> b: array<vec4f>; // (rank, cols)
@group(0) @binding(4) var<storage, read_write> merged: array<vec4f>; // (rows, stride)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  let quads = p.cols / 4u;
  let row = at / quads;
  if (row >= p.rows) { return; }
  let quad = at % quads;
  var sum = vec4f();
  for (var k = 0u; k < p.rank; k++) { sum = fma(vec4f(a[row * p.rank + k]), b[k * quads + quad], sum); }
  let to = (row * p.stride + p.first) / 4u + quad;
  merged[to] = fma(vec4f(p.scale), sum, base[to]);
}
