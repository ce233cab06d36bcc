// What sees what in a packed batch. A segment is a run of tokens that belong together: a token sees those of its own
// segment up to itself, and all of the segments above it. Prompts lie above their completions, so that they are
// computed once for all of them; a sequence that shares nothing is a segment without parent.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import text from "./segments.wgsl" with { type: "text" };

export interface Segment {
  /** Index of its first token in the batch. */
  first: number;
  tokens: number;
  /** Index of the segment above it, which comes earlier; -1 for none. */
  parent: number;
  /** Of its first token in its sequences: as many tokens are above it. */
  position: number;
}

/** Put in front of the kernels that read these tables. */
export const SEGMENTS = text;
/** 32-bit words of a segment and of a tile: see segments.wgsl. */
export const SEGMENT_WORDS = 6;
export const TILE_WORDS = 4;

/** What a query sees: a number of positions back, its own included, or everything. */
export interface Window {
  window?: number | null | undefined;
}

/** `window` as kernels take it. */
export function windowParameter({ window }: Window): number {
  return window ?? 0x7fffffff;
}

/** Tokens of a tile: what the kernels in use take at a time. */
export function tileOf(gpu: Pick<Gpu, "subgroups8">): number {
  return gpu.subgroups8 ? 16 : 4;
}

/** Tables of a batch for kernels. */
export interface SegmentTables {
  /** Tiles of a table, in the order of their tokens. */
  count: number;
  /** Columns of a row of scores of the backward: tokens of the longest path, segments rounded up to whole tiles. */
  span: number;
  tiles: Uint32Array<ArrayBuffer>;
  segments: Uint32Array<ArrayBuffer>;
}

/**
 * Segments cut into tiles of at most `size` tokens, which is `tileOf` the adapter. Segments are in the order of their first tokens; a segment and all
 * below it lie side by side. Those from `computed` tokens on are only seen and get no tiles.
 */
export function tablesOf(
  segments: readonly Segment[],
  size: number,
  computed = Infinity,
): SegmentTables {
  const columns: number[] = [];
  const tiles: number[] = [];
  const firstTile: number[] = [];
  for (const [i, { first, tokens, parent }] of segments.entries()) {
    const column = parent < 0 ? 0 : columns[parent]! + Math.ceil(segments[parent]!.tokens / size);
    columns.push(column);
    firstTile.push(tiles.length / TILE_WORDS);
    if (first >= computed) continue;
    for (let at = 0; at < tokens; at += size) {
      tiles.push(first + at, Math.min(size, tokens - at), i, column + at / size);
    }
  }
  const count = tiles.length / TILE_WORDS;
  const lasts = segments.map((_, i) => i); // of what lies below each
  for (let i = segments.length - 1; i >= 0; i--) {
    const { parent } = segments[i]!;
    if (parent >= 0) lasts[parent] = Math.max(lasts[parent]!, lasts[i]!);
  }
  const words = segments.flatMap(({ first, tokens, parent, position }, i) => {
    const endTile = firstTile[lasts[i]! + 1] ?? count;
    return [first, first + tokens, parent < 0 ? 0xffffffff : parent, position, columns[i]!, endTile];
  });
  const ends = segments.map(({ tokens }, i) => columns[i]! + Math.ceil(tokens / size));
  return {
    count,
    span: size * Math.max(0, ...ends),
    tiles: Uint32Array.from(tiles),
    segments: Uint32Array.from(words),
  };
}
