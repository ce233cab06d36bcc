// RMSNorm in f64 on the CPU: the reference its kernel is tested against.

/** Returns out (rows, cols) and rstd (rows). */
export function rmsNormRef(
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  { rows, cols, eps }: { rows: number; cols: number; eps: number },
): { out: Float64Array; rstd: Float64Array } {
  const out = new Float64Array(rows * cols);
  const rstd = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let squares = 0;
    for (let i = 0; i < cols; i++) squares += x[row * cols + i]! ** 2;
    rstd[row] = 1 / Math.sqrt(squares / cols + eps);
    for (let i = 0; i < cols; i++) out[row * cols + i] = x[row * cols + i]! * rstd[row]! * weight[i]!;
  }
  return { out, rstd };
}
