// Answers in words, choice letters, and letters that could be either a word or a product.

import type { Node } from "../tree/node.ts";
import type { Context } from "./context.ts";
import { type Answer, answer } from "../values/identity.ts";

/** The words of an answer, or null when it is mathematics. */
function wordsOf(node: Node): string | null {
  if (node.kind === "text") return node.text;
  return node.kind === "unit" && node.args[0]!.kind === "text" ? `${node.args[0]!.text} ${node.unit}` : null;
}

/** The letters of a product of one-letter symbols, in the order written. */
function lettersOf(node: Node): string | null {
  const parts = node.kind === "mul" ? node.args : [node];
  let letters = "";
  for (const part of parts) {
    const name = part.kind === "symbol" || part.kind === "constant" ? part.name : "";
    if (!/^[A-Za-z]$/.test(name)) return null;
    letters += name;
  }
  return letters;
}

/** Lower case, without marks, brackets and articles. */
function normal(text: string, caseSensitive: boolean): string {
  const plain = text.replace(/\\(text|textbf|mathrm|mbox|textit|rm|bf)\b/g, " ").replace(
    /[^\p{L}\p{N}+-]/gu,
    " ",
  );
  const words = plain.split(" ").filter((word) => word !== "" && !/^(the|a|an)$/i.test(word));
  const joined = words.length === 0 ? text.trim() : words.join(" ");
  return caseSensitive || joined.length === 1 ? joined : joined.toLowerCase();
}

const numberWords = "zero one two three four five six seven eight nine ten eleven twelve".split(" ");

/** The small number that a word names, or null. */
function numberOf(words: string | null): bigint | null {
  const index = words === null ? -1 : numberWords.indexOf(words.trim().toLowerCase());
  return index < 0 ? null : BigInt(index);
}

/** Compares where at least one side is words; null when both are mathematics. */
export function compareWords(gold: Node, given: Node, context: Context): Answer | null {
  const [g, p] = [wordsOf(gold), wordsOf(given)];
  if (g === null && p === null) return null;
  const { rules } = context;
  const left = g ?? lettersOf(gold);
  const right = p ?? lettersOf(given);
  const [m, n] = [numberOf(left), numberOf(right)];
  const other = left === null ? gold : given;
  if (m !== null !== (n !== null) && other.kind === "number") {
    const same = other.value.q === 1n && other.value.p === (m ?? n);
    return answer(same, "text", same ? "the same number in words" : "another number in words");
  }
  if (left === null || right === null) return answer(false, "text", "words against mathematics");
  const [x, y] = [normal(left, rules.caseSensitive), normal(right, rules.caseSensitive)];
  if (x === y) return answer(true, "text", "the same words");
  const letters = (text: string): string => [...text].sort().join("");
  const commuting = rules.words === "product" && /^[A-Za-z]+$/.test(x) && /^[A-Za-z]+$/.test(y);
  if (commuting && letters(x) === letters(y)) return answer(true, "text", "the same letters as a product");
  return answer(false, "text", "different words");
}
