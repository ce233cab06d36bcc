// logits = norm(x) w^T for one shard of the head's rows, 4 rows x 4 columns a thread. Of the final norm it takes
// the scaled x and the sums of squares: see decode_matmul.wgsl.
struct Params {
  count: u32, // rows of the shard, multiple of 4
  first: u32, // its first column in the logits, multiple of 4
  stride: u32, // columns of the logits
  inner: u32, // multiple of 4
  eps: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> scaled: array<vec4f>; // (rows, inner)
@group(0) @binding(3) var<storage, read> squares: array<f32>; // (rows, ceil(inner / 8))
@group(0) @binding(4) var<storage, read> w: array<vec4f>; // (count, inner)
@group(0) @binding(5) var<storage, read_write> logits: array<vec4f>; // (rows, stride)

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let depth = p.inner / 4u;
  let row = id.y * 4u;
  let quad = id.x;
  if (row >= state.live || quad >= p.count / 4u) { return; }
  let last = state.live - 1u;
  let x0 = row * depth;
  let x1 = min(row + 1u, last) * depth;
  let x2 = min(row + 2u, last) * depth;
  let x3 = min(row + 3u, last) * depth;
  let w0 = quad * 4u * depth;
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  for (var k = 0u; k < depth; k++) {
    let r0 = scaled[x0 + k];
    let r1 = scaled[x1 + k];
    let r2 = scaled[x2 + k];
    let r3 = scaled[x3 + k];
    let c0 = w[w0 + k];
    let c1 = w[w0 + depth + k];
    let c2 = w[w0 + 2u * depth + k];
    let c3 = w[w0 + 3u * depth + k];
    a0 += vec4f(dot(r0, c0), dot(r0, c1), dot(r0, c2), dot(r0, c3));
    a1 += vec4f(dot(r1, c0), dot(r1, c1), dot(r1, c2), dot(r1, c3));
    a2 += vec4f(dot(r2, c0), dot(r2, c1), dot(r2, c2), dot(r2, c3));
    a3 += vec4f(dot(r3, c0), dot(r3, c1), dot(r3, c2), dot(r3, c3));
  }
  let blocks = (p.inner + 7u) / 8u;
  let end = min(row + 4u, state.live);
  for (var i = row; i < end; i++) {
    var sum = 0.0;
    for (var block = i * blocks; block < (i + 1u) * blocks; block++) { sum += squares[block]; }
    let factor = inverseSqrt(sum / f32(p.inner) + p.eps);
    logits[(i * p.stride + p.first) / 4u + quad] = a0 * factor;
    a0 = a1; a1 = a2; a2 = a3;
  }
}
