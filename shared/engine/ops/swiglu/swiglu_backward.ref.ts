// Backward of SwiGLU in f64 on the CPU; its forward is shared/engine/ops/swiglu/swiglu.ref.ts.

type Numbers = ArrayLike<number>;

/** d gate_up (rows, 2 cols). */
export function swigluBackwardRef(
  gateUp: Numbers,
  dact: Numbers,
  { rows, cols }: { rows: number; cols: number },
): Float64Array {
  const out = new Float64Array(2 * rows * cols);
  for (let i = 0; i < dact.length; i++) {
    const left = i + Math.floor(i / cols) * cols;
    const [gate, up] = [gateUp[left]!, gateUp[left + cols]!];
    const sigmoid = 1 / (1 + Math.exp(-gate));
    out[left] = dact[i]! * up * sigmoid * (1 + gate * (1 - sigmoid));
    out[left + cols] = dact[i]! * gate * sigmoid;
  }
  return out;
}
