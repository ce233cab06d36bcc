// Forests of segments for the tests of attention.

import type { Segment } from "./segments.ts";

/** A segment's tokens, and what lies below it: [tokens, ...trees]. */
export type Tree = number | readonly Tree[];

/** Segments in the order in which a batch has them. */
export function forest(trees: readonly Tree[]): Segment[] {
  const segments: Segment[] = [];
  let next = 0;
  const add = (tree: Tree, parent: number, position: number) => {
    const [tokens, ...below] = typeof tree === "number" ? [tree] : tree as readonly [number, ...Tree[]];
    const own = segments.push({ first: next, tokens, parent, position }) - 1;
    next += tokens;
    for (const each of below) add(each, own, position + tokens);
  };
  for (const tree of trees) add(tree, -1, 0);
  return segments;
}

export function tokensOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { tokens }) => sum + tokens, 0);
}
