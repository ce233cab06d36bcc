// Backward of act = silu(gate) * up, one thread a quad. `d` arrives as the gradient of act and leaves as
// act itself, recomputed: the gradient of down_proj needs it, and one pass reads gate and up once.
struct Params {
  rows: u32,
  cols: u32, // multiple of 4
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> gate_up: array<vec4f>; // (rows, 2 cols), gate columns first
@group(0) @binding(2) var<storage, read_write> d: array<vec4f>; // (rows, cols)
@group(0) @binding(3) var<storage, read_write> dgate_up: array<vec4f>; // (rows, 2 cols)

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  let quads = p.cols / 4u;
  let row = at / quads;
  if (row >= p.rows) { return; }
  let left = at + row * quads; // row * 2 quads + column
  let gate = gate_up[left];
  let up = gate_up[left + quads];
  let dact = d[at];
  let sigmoid = 1.0 / (1.0 + exp(min(-gate, vec4f(80.0)))); // exp stays finite
  let silu = gate * sigmoid;
  d[at] = silu * up;
  dgate_up[left] = dact * up * (sigmoid + silu * (1.0 - sigmoid));
  dgate_up[left + quads] = dact * silu;
}
