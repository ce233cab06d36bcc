// out = packed + scale * a b in some columns: a matrix stored in 16 bits as f32, with the product of low rank that
// belongs to these columns, if any. One thread four rows of a quad of columns, so that it loads b once for all; same
// bits as lora_merge of an f32 base.
struct Params {
  rows: u32,
  stride: u32, // columns of the matrix, multiple of 4
  first: u32, // first column to write, multiple of 4
  cols: u32, // columns to write, multiple of 4
  rank: u32, // multiple of 4; 0: no product
  scale: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> packed: array<vec4f>; // (rows, stride)
@group(0) @binding(2) var<storage, read> a: array<vec4f>; // (rows, rank)
@group(0) @binding(3) var<storage, read> b: array<vec4f>; // (rank, cols)
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>; // (rows, stride)

fn plus(sum: vec4f, a: vec4f, b: mat4x4f) -> vec4f {
  return fma(a.wwww, b[3], fma(a.zzzz, b[2], fma(a.yyyy, b[1], fma(a.xxxx, b[0], sum))));
}

fn store(row: u32, quad: u32, sum: vec4f) {
  if (row >= p.rows) { return; }
  let at = (row * p.stride + p.first) / 4u + quad;
  let value = packed[at];
  out[at] = select(value, fma(vec4f(p.scale), sum, value), p.rank != 0u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * 64u;
  let quads = p.cols / 4u;
  let row = item / quads * 4u;
  if (row >= p.rows) { return; }
  let quad = item % quads;
  let last = p.rows - 1u; // rows past it are computed again and not stored
  let ranks = p.rank / 4u;
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  for (var k = 0u; k < ranks; k++) {
    let at = 4u * k * quads + quad;
    let four = mat4x4f(b[at], b[at + quads], b[at + 2u * quads], b[at + 3u * quads]);
    s0 = plus(s0, a[row * ranks + k], four);
    s1 = plus(s1, a[min(row + 1u, last) * ranks + k], four);
    s2 = plus(s2, a[min(row + 2u, last) * ranks + k], four);
    s3 = plus(s3, a[min(row + 3u, last) * ranks + k], four);
  }
  store(row, quad, s0);
  store(row + 1u, quad, s1);
  store(row + 2u, quad, s2);
  store(row + 3u, quad, s3);
}
