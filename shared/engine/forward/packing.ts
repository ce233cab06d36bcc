// Several token sequences packed into one batch, without padding: a shared prefix is stored once.

import type { Segment } from "#shared/engine/ops/attention/segments.ts";
import { PrefixTree } from "./prefix_tree.ts";

/** u32 arrays of one number a token. */
export interface Batch {
  tokens: number;
  /** Tokens of the longest sequence. */
  longest: number;
  ids: Uint32Array<ArrayBuffer>;
  /** Index within the own sequences, from 0. */
  positions: Uint32Array<ArrayBuffer>;
  /** A segment and all below it lie side by side. */
  segments: readonly Segment[];
  /** Of each sequence: where its tokens lie. */
  rows: readonly Uint32Array[];
}

/** @param share whether sequences may have segments in common; otherwise each is one of its own */
export function pack(sequences: readonly ArrayLike<number>[], share = true): Batch {
  const tree = new PrefixTree();
  if (share) sequences.forEach((ids) => tree.add(ids));
  const placed = share ? tree.place() : apart(sequences);
  const last = placed.at(-1);
  const tokens = last ? last.first + last.tokens : 0;
  const batch = {
    tokens,
    longest: sequences.reduce((longest, { length }) => Math.max(longest, length), 0),
    ids: new Uint32Array(tokens),
    positions: new Uint32Array(tokens),
    segments: placed,
  };
  for (const { source, first, tokens, position } of placed) {
    for (let i = 0; i < tokens; i++) {
      batch.ids[first + i] = source[position + i]!;
      batch.positions[first + i] = position + i;
    }
  }
  const rows = share
    ? sequences.map((ids) => tree.rowsOf(ids))
    : placed.map(({ first, tokens }) => batch.positions.slice(first, first + tokens).map((i) => first + i));
  return { ...batch, rows };
}

function apart(sequences: readonly ArrayLike<number>[]) {
  let first = 0;
  return sequences.map((source) => {
    first += source.length;
    return { source, first: first - source.length, tokens: source.length, parent: -1, position: 0 };
  });
}
