// Transposition on the CPU.

/** x (rows, cols) -> (cols, rows). */
export function transposeRef(x: ArrayLike<number>, rows: number, cols: number): Float64Array {
  return Float64Array.from({ length: rows * cols }, (_, i) => x[i % rows * cols + Math.floor(i / rows)]!);
}
