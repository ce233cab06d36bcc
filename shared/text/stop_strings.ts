// Texts that end a completion: it keeps the tokens up to the one with which the first of them is there.

import type { Tokenizer } from "./tokenizer.ts";

/**
 * Characters that a text may differ by, at its two ends, from the same ids within a longer text: a space that decoders
 * take off the beginning, and replacement characters for parts of a character.
 */
const MARGIN = 8;

/**
 * After how many of its ids a completion is over; undefined where it continues.
 * @param checked so many of the first ids are known to go on: only what follows them, and enough before, is decoded
 */
export type EndOf = (ids: readonly number[], checked?: number) => number | undefined;

/** An end by texts, and which they are, so that another machine can look for them. */
export type StopsAt = EndOf & { readonly texts: readonly string[] };

/** Ends completions at texts; undefined without any. "" is none. */
export function stopsAt(
  tokenizer: Pick<Tokenizer, "decode">,
  stop: readonly string[],
): StopsAt | undefined {
  const words = stop.filter((word) => word !== "");
  if (words.length === 0) return undefined;
  const least = MARGIN + Math.max(...words.map((word) => word.length));
  const stops = (ids: readonly number[]) => {
    const text = tokenizer.decode(ids);
    return words.some((own) => text.includes(own));
  };
  /** The id from which on a text shows every stop text that ends behind the checked ids. */
  const tailOf = (ids: readonly number[], checked: number) => {
    for (let ahead = least;; ahead *= 2) {
      if (ahead >= checked) return 0;
      const start = checked - ahead;
      if (tokenizer.decode(ids.slice(start, checked)).length >= least) return start;
    }
  };
  const ends: EndOf = (ids, checked = 0) => {
    const start = tailOf(ids, checked);
    if (start > 0 && !stops(ids.slice(start))) return undefined;
    if (!stops(ids)) return undefined;
    let [low, high] = [0, ids.length]; // the text only grows: the shortest that has one is between them
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (stops(ids.slice(0, middle))) high = middle;
      else low = middle;
    }
    return high;
  };
  return Object.assign(ends, { texts: words });
}
