// Token embedding and its gradient in f64 on the CPU.

type Numbers = ArrayLike<number>;

/** out (tokens, hidden): row ids[t] of weight for each t. */
export function embeddingRef(weight: Numbers, ids: Numbers, hidden: number): Float64Array {
  return Float64Array.from(
    { length: ids.length * hidden },
    (_, i) => weight[ids[Math.floor(i / hidden)]! * hidden + i % hidden]!,
  );
}

/** dweight (vocabulary, hidden). */
export function embeddingBackwardRef(
  dx: Numbers,
  ids: Numbers,
  vocabulary: number,
  hidden: number,
): Float64Array {
  const out = new Float64Array(vocabulary * hidden);
  for (let i = 0; i < dx.length; i++) out[ids[Math.floor(i / hidden)]! * hidden + i % hidden]! += dx[i]!;
  return out;
}
