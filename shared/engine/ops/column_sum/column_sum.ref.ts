// A bias broadcast over rows and its gradient, in f64 on the CPU.

type Numbers = ArrayLike<number>;

/** y (rows, cols) = x + bias. */
export function biasRef(x: Numbers, bias: Numbers): Float64Array {
  return Float64Array.from(x, (value, i) => value + bias[i % bias.length]!);
}

/** d bias (cols) = column sums of dy (rows, cols). */
export function biasBackwardRef(dy: Numbers, cols: number): Float64Array {
  const out = new Float64Array(cols);
  for (let i = 0; i < dy.length; i++) out[i % cols]! += dy[i]!;
  return out;
}
