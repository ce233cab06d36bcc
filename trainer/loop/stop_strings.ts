// Texts that end a completion (generation.stop): it keeps the tokens up to the one with which the first of them is there.

import type { Tokenizer } from "#shared/text/tokenizer.ts";

/**
 * Tells after how many of its ids a completion is over, or undefined where it goes on.
 * @param stop "" is none; without any text nothing ends before its end token
 */
export function stopsAt(
  tokenizer: Pick<Tokenizer, "decode">,
  stop: readonly string[],
): ((ids: readonly number[]) => number | undefined) | undefined {
  if (stop.length === 0) return undefined;
  const stops = (ids: readonly number[]) => {
    const text = tokenizer.decode(ids);
    return stop.some((own) => text.includes(own));
  };
  return (ids) => {
    if (!stops(ids)) return undefined;
    let [low, high] = [0, ids.length]; // the text only grows: the shortest that has one is between them
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (stops(ids.slice(0, middle))) high = middle;
      else low = middle;
    }
    return high;
  };
}
