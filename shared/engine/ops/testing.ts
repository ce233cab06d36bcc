// Central differences in f64: what every reference backward is checked against before the GPU is.

import { assertClose } from "#shared/engine/gpu/testing.ts";

/** d loss / d x by central differences; x is put back as it was. Error about 1e-9 for smooth losses of order 1. */
function numericGradient(loss: () => number, x: Float64Array): Float64Array {
  const gradient = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const kept = x[i]!;
    const h = 1e-5 * Math.max(1, Math.abs(kept));
    x[i] = kept + h;
    const above = loss();
    x[i] = kept - h;
    const below = loss();
    x[i] = kept;
    gradient[i] = (above - below) / (2 * h);
  }
  return gradient;
}

/** Asserts that an analytic gradient equals the numeric one to 1e-7 of its scale. */
export function assertGradient(
  analytic: ArrayLike<number>,
  loss: () => number,
  x: Float64Array,
  what: string,
): void {
  assertClose(analytic, numericGradient(loss, x), 1e-7, what);
}

/** sum of a * b: turns an output and a given output gradient into a scalar loss. */
export function inner(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
