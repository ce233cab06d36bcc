// Finds `\boxed{...}` and `\fbox{...}` from the end of a text, with balanced braces.

import { limits } from "../tree/fuel.ts";

/** A piece of the completion. */
export type Span = { start: number; end: number };

/** A box: `start` and `end` enclose its content, `from` and `to` the whole command. */
export type Box = Span & { from: number; to: number };

/** How many boxes are looked at; more of them only repeat an exploit. */
const most = 16;

/** The last boxes of the text in the order of the text; boxes inside another one are left out. */
export function boxes(text: string): Box[] {
  const found: Box[] = [];
  const at = { boxed: text.lastIndexOf("\\boxed"), fbox: text.lastIndexOf("\\fbox") };
  for (let tries = 0; tries < most && Math.max(at.boxed, at.fbox) >= 0; tries++) {
    const kind = at.boxed > at.fbox ? "boxed" : "fbox";
    const box = boxAt(text, at[kind]);
    at[kind] = at[kind] === 0 ? -1 : text.lastIndexOf(`\\${kind}`, at[kind] - 1);
    if (box === null) continue;
    while (found.length > 0 && found[0]!.to <= box.to) found.shift();
    found.unshift(box);
  }
  return found;
}

function boxAt(text: string, at: number): Box | null {
  let i = at + (text.startsWith("\\boxed", at) ? 6 : 5);
  while (text[i] === " " || text[i] === "\n") i++;
  const stop = Math.min(text.length, i + limits.answer);
  if (text[i] !== "{") {
    if (i === at + 6 || text[i] === undefined) return null;
    let end = i;
    while (end < stop && !" \n$".includes(text[end]!)) end++;
    return { from: at, start: i, end, to: end };
  }
  const end = closingBrace(text, i, stop);
  // An unbalanced last box holds the rest of the text.
  if (end < 0) return { from: at, start: i + 1, end: stop, to: stop };
  return { from: at, start: i + 1, end, to: end + 1 };
}

/** Index of the brace that closes the one at `open`, or -1 before `stop`. */
function closingBrace(text: string, open: number, stop: number): number {
  let depth = 0;
  for (let i = open; i < stop; i++) {
    const c = text[i];
    if (c === "\\") i++;
    else if (c === "{") depth++;
    else if (c === "}" && --depth === 0) return i;
  }
  return -1;
}

/** Boxes next to each other, as one list: the groups of the text, in order. */
export function groups(text: string, all: readonly Box[]): Box[][] {
  const result: Box[][] = [];
  for (const box of all) {
    const last = result.at(-1)?.at(-1);
    if (
      last !== undefined && joins(text.slice(last.to, box.from), content(text, last) !== content(text, box))
    ) result.at(-1)!.push(box);
    else result.push([box]);
  }
  return result;
}

const content = (text: string, box: Span): string => text.slice(box.start, box.end).replaceAll(" ", "");

/** Boxes belong together when hardly anything, or only a conjunction at the end, stands between them. */
function joins(gap: string, differ: boolean): boolean {
  if (gap.length < 10) return true;
  if (!differ || gap.length >= 70 || gap.includes("\n\n")) return false;
  let rest = gap.replace(/[A-Za-z_0-9{}]{1,12} {0,3}= {0,3}$/, "");
  for (const mark of ["\\(", "\\)", "\\[", "\\]", "$", "\\quad", "\\qquad", "\\text", "{", "}", "*"]) {
    rest = rest.replaceAll(mark, " ");
  }
  return /(\band|\bor|,|;)$/.test(rest.trimEnd());
}

/** The contents of a group as one answer, without repetitions. */
export function joined(text: string, group: readonly Box[]): { text: string; span: Span } {
  const contents: string[] = [];
  for (const box of group) {
    const inner = text.slice(box.start, box.end).trim();
    if (!contents.includes(inner)) contents.push(inner);
  }
  const [first, last] = [group[0]!, group.at(-1)!];
  return { text: contents.join(", "), span: { start: first.start, end: last.end } };
}
