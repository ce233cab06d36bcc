// SwiGLU forward and backward in f64 on the CPU.

type Numbers = ArrayLike<number>;

/** act (rows, intermediate) = silu(gate) * up. */
export function swigluRef(gateUp: Numbers, rows: number, intermediate: number): Float64Array {
  const out = new Float64Array(rows * intermediate);
  for (let i = 0; i < out.length; i++) {
    const left = i + Math.floor(i / intermediate) * intermediate;
    const gate = gateUp[left]!;
    out[i] = gate / (1 + Math.exp(-gate)) * gateUp[left + intermediate]!;
  }
  return out;
}

/** d gate_up (rows, 2 intermediate). */
export function swigluBackwardRef(
  gateUp: Numbers,
  dact: Numbers,
  rows: number,
  intermediate: number,
): Float64Array {
  const out = new Float64Array(2 * rows * intermediate);
  for (let i = 0; i < dact.length; i++) {
    const left = i + Math.floor(i / intermediate) * intermediate;
    const [gate, up] = [gateUp[left]!, gateUp[left + intermediate]!];
    const sigmoid = 1 / (1 + Math.exp(-gate));
    out[left] = dact[i]! * up * sigmoid * (1 + gate * (1 - sigmoid));
    out[left + intermediate] = dact[i]! * gate * sigmoid;
  }
  return out;
}
