// SwiGLU in f64 on the CPU.

/** gateUp (rows, 2 cols) -> (rows, cols). */
export function swigluRef(
  gateUp: ArrayLike<number>,
  { rows, cols }: { rows: number; cols: number },
): Float64Array {
  const out = new Float64Array(rows * cols);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < cols; i++) {
      const gate = gateUp[row * 2 * cols + i]!;
      out[row * cols + i] = gate / (1 + Math.exp(-gate)) * gateUp[row * 2 * cols + cols + i]!;
    }
  }
  return out;
}
