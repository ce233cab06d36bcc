// out = packed + scale * a b in some columns: a matrix stored as bf16 in f32, with the product of low rank that
// belongs to these columns, if any. One thread a (row, quad of columns); same bits as lora_merge of an f32 base.
struct Params {
  rows: u32,
  stride: u32, // columns of the matrix, multiple of 4
  first: u32, // first column to write, multiple of 4
  cols: u32, // columns to write, multiple of 4
  rank: u32, // 0: no product
  scale: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> packed: array<vec4f>; // (rows, stride)
@group(0) @binding(2) var<storage, read> a: array<f32>; // (rows, rank)
@group(0) @binding(3) var<storage, read> b: array<vec4f>; // (rank, cols)
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>; // (rows, stride)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * 64u;
  let quads = p.cols / 4u;
  let row = item / quads;
  if (row >= p.rows) { return; }
  let quad = item % quads;
  let at = (row * p.stride + p.first) / 4u + quad;
  var value = packed[at];
  if (p.rank != 0u) {
    var sum = vec4f();
    for (var k = 0u; k < p.rank; k++) { sum = fma(vec4f(a[row * p.rank + k]), b[k * quads + quad], sum); }
    value = fma(vec4f(p.scale), sum, value);
  }
  out[at] = value;
}
