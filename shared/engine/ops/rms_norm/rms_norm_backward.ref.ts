// Backward of RMSNorm in f64 on the CPU; its forward is shared/engine/ops/rms_norm/rms_norm.ref.ts.

type Numbers = ArrayLike<number>;

/** Returns dx (rows, cols) and dweight (cols) of y = x / sqrt(mean(x^2) + eps) * weight. */
export function rmsNormBackwardRef(
  x: Numbers,
  weight: Numbers,
  dy: Numbers,
  { rows, cols, eps }: { rows: number; cols: number; eps: number },
): { dx: Float64Array; dweight: Float64Array } {
  const dx = new Float64Array(rows * cols);
  const dweight = new Float64Array(cols);
  for (let row = 0; row < rows; row++) {
    const base = row * cols;
    let squares = 0;
    let along = 0;
    for (let i = 0; i < cols; i++) {
      squares += x[base + i]! ** 2;
      along += weight[i]! * dy[base + i]! * x[base + i]!;
    }
    const rstd = 1 / Math.sqrt(squares / cols + eps);
    for (let i = 0; i < cols; i++) {
      dweight[i]! += dy[base + i]! * x[base + i]! * rstd;
      dx[base + i] = rstd * weight[i]! * dy[base + i]! - x[base + i]! * rstd ** 3 / cols * along;
    }
  }
  return { dx, dweight };
}
