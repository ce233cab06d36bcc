// Embedding gradient without atomics: one thread a (distinct token, quad) adds the rows of dx at which the
// token occurs, in order, to the token's row of the gradient. `dweight` may be a part of a larger one: tokens
// outside it are left alone.
struct Params {
  distinct: u32,
  hidden: u32, // multiple of 4
  first: u32, // token of dweight's first row
  rows: u32, // of dweight
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> occurrences: array<vec4u>; // (distinct): token, first, end, unused
@group(0) @binding(2) var<storage, read> order: array<u32>; // positions sorted by token; a token owns first..end-1
@group(0) @binding(3) var<storage, read> dx: array<vec4f>; // (tokens, hidden)
@group(0) @binding(4) var<storage, read_write> dweight: array<vec4f>; // (vocabulary, hidden)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  let quads = p.hidden / 4u;
  if (at / quads >= p.distinct) { return; }
  let own = occurrences[at / quads];
  let row = own.x - p.first; // wraps to a huge number below the part
  if (row >= p.rows) { return; }
  var sum = vec4f();
  for (var i = own.y; i < own.z; i++) { sum += dx[order[i] * quads + at % quads]; }
  dweight[row * quads + at % quads] += sum;
}
