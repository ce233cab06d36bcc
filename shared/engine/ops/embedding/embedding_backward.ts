// Gradient of the token embedding: a gather per distinct token instead of a scatter per position.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import source from "./embedding_backward.wgsl" with { type: "text" };

/** Positions grouped by token id (compressed sparse rows), built on the CPU, which knows the tokens anyway. */
export interface Occurrences {
  distinct: number;
  /** (distinct, 4): token, first and end index into `order`, 0. */
  occurrences: Uint32Array;
  /** (tokens): positions sorted by token, then by position. */
  order: Uint32Array;
}

export function occurrencesOf(ids: ArrayLike<number>): Occurrences {
  const positions = new Map<number, number[]>();
  for (let i = 0; i < ids.length; i++) {
    const own = positions.get(ids[i]!);
    if (own) own.push(i);
    else positions.set(ids[i]!, [i]);
  }
  const occurrences: number[] = [];
  const order: number[] = [];
  for (const [token, own] of positions) {
    occurrences.push(token, order.length, order.length + own.length, 0);
    for (const position of own) order.push(position);
  }
  return {
    distinct: positions.size,
    occurrences: Uint32Array.from(occurrences),
    order: Uint32Array.from(order),
  };
}

/**
 * dweight (vocabulary, hidden) += the rows of dx (tokens, hidden), each to the row of its token. With a part of
 * dweight bound, rows `first` to `first + rows` - 1 of the whole, only what it holds is added to.
 */
export function embeddingBackward(
  recorder: Recorder,
  buffers: { occurrences: Binding; order: Binding; dx: Binding; dweight: Binding },
  { distinct, hidden, first = 0, rows = 0xffffffff }: {
    distinct: number;
    hidden: number;
    first?: number;
    rows?: number;
  },
): void {
  const kernel = recorder.gpu.kernel("embedding_backward", source);
  recorder.dispatch(
    kernel,
    { distinct, hidden, first, rows },
    buffers,
    linearGrid(distinct * hidden / 4, 64),
  );
}
