// How much work a JSON text is, told from its brackets before it is parsed: parsing cannot be interrupted, and a few
// megabytes of brackets or of keys keep every other caller waiting for a fifth of a second.

import { HttpError } from "#shared/http/http_error.ts";

/** Requests are lists of flat objects. */
const MAX_DEPTH = 16;
/** Two lists of 5,000 objects of four keys have 40,000 keys and as many values. */
const MAX_KEYS = 45_000;
const MAX_VALUES = 60_000;

const QUOTE = 34;
const BACKSLASH = 92;

/** Throws 422 for a text that is too deep or has too many keys or values. Text that is not JSON is left to the parser. */
export function requireModestJson(text: string): void {
  let depth = 0;
  let keys = 0;
  let values = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = endOfString(text, i);
      if (i < 0) return;
    } else if (code === 0x5b || code === 0x7b) { // [ {
      if (++depth > MAX_DEPTH) {
        throw new HttpError(422, `The body must have at most ${MAX_DEPTH} levels of brackets`);
      }
    } else if (code === 0x5d || code === 0x7d) depth--; // ] }
    else if (code === 0x3a) keys++; // :
    else if (code === 0x2c) values++; // ,
    if (keys > MAX_KEYS || values > MAX_VALUES) {
      throw new HttpError(422, `The body must have at most ${MAX_KEYS} keys and ${MAX_VALUES} values`);
    }
  }
}

/** Where the string that begins at `start` ends; -1 where it does not. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end;
  }
  return -1;
}
