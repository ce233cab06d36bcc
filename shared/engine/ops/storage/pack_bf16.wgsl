// out = x rounded to bf16, two numbers a word, the first in the lower half. To nearest, ties to even; infinities
// stay and a NaN stays one, told apart by their bits, as WGSL may take every number for finite.
struct Params {
  quads: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4u>; // (quads), the bits of f32
@group(0) @binding(2) var<storage, read_write> out: array<vec2u>; // (quads)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= p.quads) { return; }
  let v = x[at];
  let rounded = (v + 0x7fffu + ((v >> vec4u(16u)) & vec4u(1u))) >> vec4u(16u);
  let kept = (v >> vec4u(16u)) | vec4u(0x40u);
  let h = select(rounded, kept, (v & vec4u(0x7fffffffu)) > vec4u(0x7f800000u));
  out[at] = vec2u(h.x | (h.y << 16u), h.z | (h.w << 16u));
}
