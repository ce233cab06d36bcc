// First half of the head's log-probability: one thread takes TILE columns of one row of logits to their
// maximum, sum of exponentials and sum of (shifted logit * exponential). Columns past `vocab` are padding.
const TILE = 1024u;

struct Params {
  rows: u32,
  vocab: u32,
  stride: u32, // columns of a row of logits, multiple of 4
  tiles: u32, // ceil(vocab / TILE)
  inverse_temperature: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> logits: array<vec4f>; // (rows, stride)
@group(0) @binding(2) var<storage, read_write> partials: array<vec4f>; // (rows, tiles)

/** Four scaled logits, padding as a number whose exponential is zero. */
fn quad_at(row: u32, quad: u32) -> vec4f {
  let scaled = logits[row * (p.stride / 4u) + quad] * p.inverse_temperature;
  let column = vec4u(4u * quad) + vec4u(0u, 1u, 2u, 3u);
  return select(vec4f(-3.0e38), scaled, column < vec4u(p.vocab));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * 64u;
  if (item >= p.rows * p.tiles) { return; }
  let row = item / p.tiles;
  let first = item % p.tiles * (TILE / 4u);
  let end = min(first + TILE / 4u, (p.vocab + 3u) / 4u);
  var high = vec4f(-3.0e38);
  for (var quad = first; quad < end; quad++) { high = max(high, quad_at(row, quad)); }
  let highest = max(max(high.x, high.y), max(high.z, high.w));
  var total = vec4f();
  var shifted = vec4f();
  for (var quad = first; quad < end; quad++) {
    let x = max(quad_at(row, quad) - highest, vec4f(-1.0e4)); // finite times zero, not infinite times zero
    let e = exp(x);
    total += e;
    shifted = fma(x, e, shifted);
  }
  let sum = total.x + total.y + total.z + total.w;
  partials[item] = vec4f(highest, sum, shifted.x + shifted.y + shifted.z + shifted.w, 0.0);
}
