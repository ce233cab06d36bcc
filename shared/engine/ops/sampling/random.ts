// Keys of the sampler's random numbers. A draw is a function of its row's two keys and its position alone.

/** Two 32-bit keys from any integers that name a completion: seed, step, request, sample. */
export function randomKeys(words: readonly number[]): [number, number] {
  const hash = (start: number) => words.reduce((state, word) => mix(state ^ word), start);
  return [hash(0x243f6a88), hash(0x85a308d3)]; // digits of pi: any two different starts do
}

/** The finaliser "lowbias32" of Chris Wellons' hash prospector, as in sample_tile.wgsl. */
function mix(seed: number): number {
  let h = seed >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}
