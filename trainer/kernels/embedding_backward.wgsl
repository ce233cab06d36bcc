// Embedding gradient without atomics: one thread a (distinct token, quad) adds the rows of dx at which the
// token occurs, in order, to the token's row of the gradient.
struct Params {
  distinct: u32,
  hidden: u32, // multiple of 4
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
  var sum = vec4f();
  for (var i = own.y; i < own.z; i++) { sum += dx[order[i] * quads + at % quads]; }
  dweight[own.x * quads + at % quads] += sum;
}
