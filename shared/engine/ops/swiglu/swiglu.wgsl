// out = silu(gate) * up, gate and up being the left and right half of each row.
struct Params {
  rows: u32,
  cols: u32, // of out, multiple of 4
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> gate_up: array<vec4f>; // (rows, 2 cols)
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>; // (rows, cols)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let item = id.x + id.y * groups.x * 64u;
  let quads = p.cols / 4u;
  if (item >= p.rows * quads) { return; }
  let at = item / quads * 2u * quads + item % quads;
  let gate = gate_up[at];
  // exp(-gate) overflows to infinity below -88 and the quotient is then 0; the bound keeps it finite.
  out[item] = gate / (1.0 + exp(min(-gate, vec4f(80.0)))) * gate_up[at + quads];
}
