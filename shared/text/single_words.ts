// Added tokens with `single_word`, which match between characters that are not part of a word alone. The Rust library
// passes over other occurrences (added_vocabulary.rs of tokenizers 0.23); @huggingface/tokenizers 0.2.0 reads the flag and
// matches them all. So the pieces that its splitters cut out within words are joined to the text around them again.

import type { Tokenizer } from "@huggingface/tokenizers";

interface Splitter {
  split(text: string): string[];
}
/** Fields that the library does not hide, but for TypeScript. */
interface Fields {
  added_tokens_map: ReadonlyMap<string, { single_word: boolean }>;
  splitter_unnormalized: Splitter;
  splitter_normalized: Splitter;
}

/** Rust's \w. */
const WORD = "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]";
const ENDS = new RegExp(`${WORD}$`, "u");
const BEGINS = new RegExp(`^${WORD}`, "u");

/** Changes a tokenizer in place, if any of its tokens has the flag. */
export function matchSingleWords(tokenizer: Tokenizer): void {
  const fields = tokenizer as unknown as Fields;
  const tokens = fields.added_tokens_map;
  if (![...tokens.values()].some(({ single_word }) => single_word)) return;
  for (const name of ["splitter_unnormalized", "splitter_normalized"] as const) {
    const plain = fields[name];
    fields[name] = { split: (text) => joined(text, plain.split(text), tokens) };
  }
}

function joined(text: string, pieces: readonly string[], tokens: Fields["added_tokens_map"]): string[] {
  const result: string[] = [];
  let at = 0;
  let open = false; // whether the last piece is text that more may be joined to
  for (const piece of pieces) {
    const token = tokens.get(piece);
    const [before, after] = [text.slice(0, at), text.slice(at + piece.length)];
    const whole = token && !(token.single_word && (ENDS.test(before) || BEGINS.test(after)));
    if (whole || !open) result.push(piece);
    else result[result.length - 1] += piece;
    open = !whole;
    at += piece.length;
  }
  return result;
}
