// Prompts packed for their prefill: a shared prefix is computed once, and what the pool holds already is not computed
// but copied in behind the computed tokens, which attend to it.

import { type Batch, pack } from "#shared/engine/forward/packing.ts";
import type { Segment } from "#shared/engine/ops/attention/segments.ts";

export interface Prompt {
  ids: ArrayLike<number>;
  /** Where its keys and values go in the pool. */
  start: number;
  /** How many of its first tokens the pool has, and where. */
  cached: { start: number; length: number };
}

export interface Prefill {
  /** Of the computed tokens; its segments are all. */
  batch: Batch;
  /** Rows behind the computed ones. */
  cached: number;
  /** Pairs of a row and its place in the pool, to be brought in and to be stored. */
  loads: Uint32Array<ArrayBuffer>;
  stores: Uint32Array<ArrayBuffer>;
}

export function packPrefill(prompts: readonly Prompt[]): Prefill {
  const whole = pack(prompts.map(({ ids }) => ids));
  const places = new Map<number, number>(); // of cached rows
  for (const [i, { cached }] of prompts.entries()) {
    for (let at = 0; at < cached.length; at++) places.set(whole.rows[i]![at]!, cached.start + at);
  }
  const computed = whole.tokens - places.size;
  const rowOf = new Uint32Array(whole.tokens); // from rows of the whole batch
  const segments: Segment[] = [];
  const ends: number[] = []; // of each segment of the whole batch: its last one here
  let [next, behind] = [0, computed];
  for (const { first, tokens, parent, position } of whole.segments) {
    let known = 0; // a beginning of the segment: prompts are cached from their first tokens on
    while (known < tokens && places.has(first + known)) known++;
    let above = parent < 0 ? -1 : ends[parent]!;
    const add = (own: number, count: number, from: number) => {
      if (count === 0) return;
      for (let i = 0; i < count; i++) rowOf[first + from + i] = own + i;
      above = segments.push({ first: own, tokens: count, parent: above, position: position + from }) - 1;
    };
    add(behind, known, 0);
    add(next, tokens - known, known);
    behind += known;
    next += tokens - known;
    ends.push(above);
  }
  const ids = new Uint32Array(computed);
  const positions = new Uint32Array(computed);
  const loads: number[] = [];
  for (const [row, own] of rowOf.entries()) {
    if (own >= computed) loads.push(own, places.get(row)!);
    else [ids[own], positions[own]] = [whole.ids[row]!, whole.positions[row]!];
  }
  const rows = whole.rows.map((own) => own.map((row) => rowOf[row]!));
  const stores = prompts.flatMap(({ start }, i) => [...rows[i]!].flatMap((row, at) => [row, start + at]));
  return {
    batch: { tokens: computed, longest: whole.longest, ids, positions, segments, rows },
    cached: places.size,
    loads: Uint32Array.from(loads),
    stores: Uint32Array.from(stores),
  };
}
