// Several token sequences back to back, without padding.

/** u32 arrays of one number a token. */
export interface Batch {
  tokens: number;
  /** Tokens of the longest sequence. */
  longest: number;
  ids: Uint32Array<ArrayBuffer>;
  /** Index within the own sequence, from 0. */
  positions: Uint32Array<ArrayBuffer>;
  /** Index of the first token of the own sequence. */
  segStart: Uint32Array<ArrayBuffer>;
  /** Index past the last token of the own sequence. */
  segEnd: Uint32Array<ArrayBuffer>;
}

export function pack(sequences: readonly ArrayLike<number>[]): Batch {
  const tokens = sequences.reduce((sum, sequence) => sum + sequence.length, 0);
  const array = () => new Uint32Array(tokens);
  const batch = {
    tokens,
    longest: sequences.reduce((longest, { length }) => Math.max(longest, length), 0),
    ids: array(),
    positions: array(),
    segStart: array(),
    segEnd: array(),
  };
  let start = 0;
  for (const sequence of sequences) {
    const end = start + sequence.length;
    batch.ids.set(sequence, start);
    for (let i = start; i < end; i++) batch.positions[i] = i - start;
    batch.segStart.fill(start, start, end);
    batch.segEnd.fill(end, start, end);
    start = end;
  }
  return batch;
}
