// Multiple choice: which letter does a text name?

/** Letters that may be chosen, unless the question says otherwise. */
export const defaultLetters = ["A", "B", "C", "D"];

const anchors = [
  "answer",
  "Answer",
  "ANSWER",
  "option",
  "choice",
  "r\u00e9ponse",
  "R\u00e9ponse",
  "\u7b54\u6848",
  "boxed",
];

/**
 * The chosen letter: after the last "answer" (or a box), else at the start of the text, else the last one that stands alone.
 * Letters are matched in the case given; null when there is none.
 */
export function chosenLetter(text: string, letters: readonly string[] = defaultLetters): string | null {
  const set = new Set(letters);
  const named = anchoredLetter(text, set);
  if (named !== null) return named;
  const start = /^[\s("*\\]{0,6}(?:text\{\(?)?([A-Za-z])(?![A-Za-z'])/.exec(text);
  if (start !== null && set.has(start[1]!)) return start[1]!;
  return standing(text.slice(-2000), set).at(-1) ?? null;
}

/** The letter that a text names as its answer, by the word for it or as a line of its own; null for a letter in prose. */
export function explicitLetter(text: string, letters: readonly string[]): string | null {
  const set = new Set(letters);
  const named = anchoredLetter(text, set);
  if (named !== null) return named;
  const line = text.trimEnd().slice(-80).split("\n").at(-1)!;
  const alone = /^[\s*(]*([A-Za-z])[\s*).:]*$/.exec(line) ?? /^[\s*]*\(?([A-Za-z])[).:](?:\s|\*)/.exec(line);
  return alone !== null && set.has(alone[1]!) ? alone[1]! : null;
}

function anchoredLetter(text: string, set: ReadonlySet<string>): string | null {
  const after: { at: number; letter: string }[] = [];
  for (const anchor of anchors) {
    const at = text.lastIndexOf(anchor);
    if (at < 0) continue;
    const [letter] = standing(text.slice(at + anchor.length, at + anchor.length + 60), set);
    if (letter !== undefined) after.push({ at, letter });
  }
  after.sort((a, b) => b.at - a.at);
  return after[0]?.letter ?? null;
}

/** Words in front of a letter that is ruled out. */
const ruledOut =
  /(?:\bnot|n't|rules? out|ruling out|eliminat\w*|exclud\w*|instead of|rather than|except)\s+(?:[A-Za-z]\s*(?:,|and|or)\s*)*(?:option|choice)?\s*\(?$/i;

/** Letters of the set that are not part of a word and not ruled out. */
function standing(text: string, letters: ReadonlySet<string>): string[] {
  const found: string[] = [];
  for (let i = 0; i < text.length; i++) {
    if (!letters.has(text[i]!)) continue;
    if (/[A-Za-z0-9_'\\]/.test(text[i - 1] ?? "") || /[A-Za-z0-9_']/.test(text[i + 1] ?? "")) continue;
    if (ruledOut.test(text.slice(Math.max(0, i - 40), i))) continue;
    found.push(text[i]!);
  }
  return found;
}
