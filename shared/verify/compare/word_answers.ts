// Answers in words, choice letters, and phrases of words around mathematics.

import type { Node } from "../tree/node.ts";
import { key } from "../tree/key.ts";
import { numberInWords } from "../read/words.ts";
import { singular } from "../read/units.ts";
import { type Answer, answer } from "../values/identity.ts";
import type { Context } from "./context.ts";

/** The words of an answer, or null when it is mathematics. */
function wordsOf(node: Node): string | null {
  if (node.kind === "text") return node.text;
  if (node.kind === "phrase") {
    const args = node.args.map((arg) =>
      arg.kind === "symbol" ? arg.name : arg.kind === "number" ? number(arg) : null
    );
    let i = 0;
    return args.includes(null) ? null : node.words.replaceAll("#", () => args[i++]!);
  }
  return node.kind === "unit" && node.args[0]!.kind === "text" ? `${node.args[0]!.text} ${node.unit}` : null;
}

const number = (node: Node & { kind: "number" }): string =>
  node.value.q === 1n ? `${node.value.p}` : `${node.value.p}/${node.value.q}`;

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

const articles = /^(?:the|a|an|is|are)$/i;

/** Lower case and singular, with its signs, without articles, quotation marks and typesetting. */
function normal(text: string, caseSensitive: boolean): string {
  const plain = text.replaceAll(
    /\\(?:text|textbf|mathrm|mbox|textit|rm|bf)\b|[\\{}$"'`*]|\u201c|\u201d|(?<=\p{L})-(?=\p{L})/gu,
    " ",
  )
    .replaceAll(/([^\p{L}\p{N}\s.])/gu, " $1 ").replace(/[\s.,;:!]+$/, "");
  const words = plain.split(/\s+/).filter((word) => word !== "" && !articles.test(word));
  if (words[0] === "(" && words.indexOf(")") === words.length - 1) {
    words.splice(0, words.length, ...words.slice(1, -1));
  }
  if (words.length === 0) return text.trim();
  if (caseSensitive || (words.length === 1 && words[0]!.length === 1)) return words.join(" ");
  return words.map((word) => singular(word.toLowerCase())).join(" ");
}

const meanings: readonly [RegExp, string][] = [
  [
    /^(?:there )?(?:no (?:real |such |possible |valid )?(?:solution|root|value|number|answer)(?: exist)?|no such [a-z]+(?: exist)?|none|empty(?: set)?|null set)$/,
    "#0",
  ],
  [/^(?:\+ |positive )?infinity$/, "#inf"],
  [/^(?:- |negative |minus )infinity$/, "(* -1 #inf)"],
  [/^(?:(?:set of )?all |set of )?real(?: number)?$/, "#R"],
  [/^(?:(?:set of )?all |set of |every )?integer$/, "#Z"],
  [/^(?:(?:set of )?all |set of |every )?rational number$/, "#Q"],
  [/^(?:(?:set of )?all |set of |every )?(?:natural number|positive integer)$/, "#N"],
  [/^(?:yes|true|y|correct)$/, "true"],
  [/^(?:no|false|incorrect)$/, "false"],
  [
    /^(?:dne|doe not exist|does not exist|doesn t exist|do not exist|not exist|nonexistent)$/,
    "does not exist",
  ],
  [/^(?:infinitely many(?: solution)?|infinite(?: number of)? solution)$/, "infinitely many"],
];

/** What well-known words say: a key of mathematics, or the word that stands for all of one meaning. */
function meaning(text: string): string {
  for (const [pattern, said] of meanings) if (pattern.test(text)) return said;
  return text;
}

/** Compares where at least one side is words; null when both are mathematics. */
export function compareWords(gold: Node, given: Node, context: Context): Answer | null {
  const [phrase, other] = [gold.kind === "phrase", given.kind === "phrase"];
  const [g, p] = [wordsOf(gold), wordsOf(given)];
  if (g === null && p === null && !phrase && !other) return null;
  const { rules, fuel } = context;
  if (gold.kind === "phrase" && given.kind === "phrase") return comparePhrases(gold, given, context);
  const left = g ?? lettersOf(gold);
  const right = p ?? lettersOf(given);
  const [x, y] = [left, right].map((text) => text === null ? null : normal(text, rules.caseSensitive));
  if (x !== null && y !== null && x === y) return answer(true, "text", "the same words");
  const [m, n] = [left, right].map((text) => text === null ? null : numberInWords(text));
  const mathematics = left === null || (m === null && n !== null) ? gold : given;
  const value = m ?? n;
  if (value !== null && mathematics.kind !== "text" && mathematics.kind !== "phrase") {
    const { same } = context.compare(mathematics, context.builder.number(value!), context);
    return answer(same, "text", same === true ? "the same number in words" : "another number in words");
  }
  const said = (text: string | null | undefined, node: Node): string =>
    rules.words === "product"
      ? text ?? ""
      : text === null || text === undefined
      ? key(node, fuel)
      : meaning(text);
  if (rules.words !== "product" && said(x, gold) === said(y, given)) {
    return answer(true, "text", "words of the same meaning");
  }
  if (left === null || right === null) {
    const realm = /^#([RZQN])$/.exec(said(left === null ? y : x, gold));
    if (realm !== null && rules.words !== "product") {
      const set = context.builder.node({ kind: "realm", name: realm[1]! });
      return left === null ? context.compare(gold, set, context) : context.compare(set, given, context);
    }
    return answer(false, "text", "words against mathematics");
  }
  const letters = (text: string): string => [...text].sort().join("");
  const commuting = rules.words === "product" && /^[A-Za-z]+$/.test(x!) && /^[A-Za-z]+$/.test(y!);
  if (commuting && letters(x!) === letters(y!)) return answer(true, "text", "the same letters as a product");
  return answer(false, "text", "different words");
}

/** The same words around equal mathematics. Around a single formula their order says nothing: "odd n", "n is odd". */
function comparePhrases(
  gold: Node & { kind: "phrase" },
  given: Node & { kind: "phrase" },
  context: Context,
): Answer {
  const { caseSensitive } = context.rules;
  const words = (node: Node & { kind: "phrase" }): string => {
    const list = normal(node.words, caseSensitive).split(" ");
    return (node.args.length === 1 ? list.sort() : list).join(" ");
  };
  if (gold.args.length !== given.args.length || words(gold) !== words(given)) {
    return answer(false, "text", "different words");
  }
  for (const [i, arg] of gold.args.entries()) {
    const part = context.compare(arg, given.args[i]!, context);
    if (part.same !== true) return part;
  }
  return answer(true, "text", "the same words around equal mathematics");
}
