// Row selection's gradient on the CPU.

type Numbers = ArrayLike<number>;

/** Zeros (total, cols) with row i of x added to row rows[i]. */
export function scatterRowsRef(x: Numbers, rows: Numbers, total: number, cols: number): Float64Array {
  const out = new Float64Array(total * cols);
  for (let i = 0; i < rows.length * cols; i++) out[rows[Math.floor(i / cols)]! * cols + i % cols]! += x[i]!;
  return out;
}
