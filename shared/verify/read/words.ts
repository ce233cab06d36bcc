// What words before or behind mathematics say: nothing, a unit, a size, a remark, or something that must be compared.

import { type Rational, rational } from "../tree/rational.ts";
import { unitOf } from "./units.ts";

const setOf = (text: string): ReadonlySet<string> => new Set(text.split(" "));

/** Words in front of an answer that say only that it comes, or what kind of thing it is. */
const introductions = setOf(
  "the a an is are be exactly equal equals to answer answers final value values result total of option choice number point " +
    "points interval set open closed vector ordered pair triple tuple matrix fraction integer expression equation function " +
    "polynomial simply just precisely then so thus hence therefore solution solutions root roots letter statement " +
    "that therefore clearly obviously",
);

/** The words in front of mathematics that are left when those that introduce it are gone. */
export const withoutIntroduction = (text: string): string =>
  text.split(/\s+/).filter((word) => !introductions.has(word.toLowerCase().replace(/[,:.]$/, ""))).join(" ");

/** Words that change what a number says, so that they are no unit. */
const meaningful = setOf(
  "not no more less fewer greater least most over under above below odd even prime composite increasing decreasing off or and " +
    "before after ago positive negative maximum minimum max remainder left up down north south east west clockwise " +
    "counterclockwise anticlockwise convergent divergent true false rational irrational undefined if unless except only " +
    "plus minus almost nearly approximately around about maybe perhaps possibly probably out versus vs others " +
    "must be is was were has have had can will should do does being whether " +
    "higher lower larger smaller longer shorter older younger bigger infinitely many several per-cent discount gain loss profit",
);

/** The same for words in brackets, where a data set writes what is counted. */
const doubtful = setOf("not no or least most except unless if than approximately about");

const sizes = new Map<string, Rational>(
  [
    ["hundred", 2n],
    ["thousand", 3n],
    ["million", 6n],
    ["millions", 6n],
    ["billion", 9n],
    ["billions", 9n],
    ["trillion", 12n],
  ].map(([word, zeros]) => [word as string, rational(10n ** (zeros as bigint))]),
);
sizes.set("dozen", rational(12n)).set("dozens", rational(12n));
const parts = "half third fourth fifth sixth seventh eighth ninth tenth".split(" ");
for (const [i, name] of parts.entries()) {
  const share = rational(1n, BigInt(i + 2));
  if (name !== "half") sizes.set(name, share).set(`${name}s`, share);
  else sizes.set("halves", share);
}
for (const [name, size] of [["hundredth", 100n], ["thousandth", 1000n], ["millionth", 1_000_000n]] as const) {
  sizes.set(name, rational(1n, size)).set(`${name}s`, rational(1n, size));
}

/** What words behind a number say. `factor` and `power` change the number, `unit` names what is counted or measured. */
export type Tail =
  | { kind: "number"; factor: Rational | null; power: number; unit: string }
  | { kind: "phrase" };

/**
 * Reads the words behind a number. `plural`: it is not one, so that things counted stand in the plural; `numeric`: there is
 * a number at all, and not only letters.
 */
export function tailOf(text: string, plural: boolean, numeric = true): Tail {
  // "5 more stickers" and "5 left over" count like "5 stickers" and "5".
  const settled = text.replace(/^\s*more (?!than)(?=[a-z]{3})/, "").replace(
    /(?<=^|[a-z] )left(?: over)?\s*$/,
    "",
  );
  let words = settled.replaceAll(/[()]/g, " ").replaceAll(/\b([ap])\.\s?m\b\.?/gi, "$1m").trim().split(/\s+/)
    .filter((word) => word !== "");
  let factor: Rational | null = null;
  while (words.length > 0 && sizes.has(words[0]!.toLowerCase())) {
    const size = sizes.get(words[0]!.toLowerCase())!;
    factor = factor === null ? size : rational(factor.p * size.p, factor.q * size.q);
    words = words.slice(1);
    if (words[0] === "of") words = words.slice(1);
  }
  if (words.length === 1 && (words[0] === "squared" || words[0] === "cubed")) {
    return { kind: "number", factor, power: words[0] === "squared" ? 2 : 3, unit: "" };
  }
  const unit = words.join(" ");
  if (words.length === 0) return { kind: "number", factor, power: 1, unit };
  const letters: string[] = unit.match(/\p{L}+(?:['-]\p{L}+)*/gu) ?? [];
  const plain = letters.map((word) => word.toLowerCase());
  const bracketed = /^\s*\(/.test(text);
  if (plain.some((word) => (bracketed ? doubtful : meaningful).has(word))) return { kind: "phrase" };
  if (
    /^(?:of (?:the|a|an|all|his|her|its|their|them|it)|per|each|in all|altogether|in total|total)\b/.test(
      unit,
    )
  ) {
    return { kind: "number", factor, power: 1, unit: unit.replace(/^of \w+ ?/, "") };
  }
  const known = plain.some((word, i) => unitOf(letters[i]!) !== undefined || unitOf(word) !== undefined);
  if (!numeric && !known) return { kind: "phrase" };
  const counted = plain.some((word) => /[^su]s$|ss?es$/.test(word) && word.length > 2) ||
    irregular.test(unit);
  if (known || bracketed || counted || !plural || /[\u0370-\uffff]/.test(unit)) {
    return { kind: "number", factor, power: 1, unit };
  }
  return { kind: "phrase" };
}

const irregular =
  /\b(?:people|children|men|women|fish|sheep|mice|feet|dice|deer|geese|oxen|teeth|cattle|money|candy|change|water|food|crew|staff|stuff|fruit|furniture|homework|gum|corn|wheat|milk|juice|flour|sugar|[A-Z][a-z]+)\b/;

/** Words that begin a side remark. */
export const remark =
  /^\(?(?:if|where|when|for|with|because|since|which|as|such that|about|approximately|approx|roughly|i\.e\.|that is|by)\b/;

/** A remark that says for which values the answer holds and nothing else. */
export const quantifier = /^\(?for (?:all|any|every|each|some)\b/;

/** Words of a case distinction: a second one means that the first was no remark. */
export const condition = /(?:^|\b)(?:if|when|otherwise|else|for)\b/;

const ones =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
    .split(" ");
const tens = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");

/** The integer or simple fraction that words name, as in "minus three", "twenty-one" or "two thirds"; else null. */
export function numberInWords(text: string): Rational | null {
  let words = text.trim().toLowerCase().replaceAll("-", " ").split(/\s+/);
  if (words.length > 12) return null;
  const negative = words[0] === "minus" || words[0] === "negative";
  if (negative) words = words.slice(1);
  if (words.length === 0) return null;
  let [total, group, seen] = [0n, 0n, false];
  for (const [i, word] of words.entries()) {
    const one = ones.indexOf(word);
    const ten = tens.indexOf(word);
    const share = sizes.get(word);
    if (one >= 0) group += BigInt(one);
    else if (ten >= 0) group += BigInt(20 + ten * 10);
    else if (word === "and" && seen && i < words.length - 1) continue;
    else if (word === "half" && seen && i === words.length - 1 && total + group === 1n) {
      return rational(negative ? -1n : 1n, 2n);
    } else if (share === undefined || !seen) return null;
    else if (share.q !== 1n) {
      if (i !== words.length - 1) return null;
      const value = total + group;
      return rational(negative ? -value : value, share.q);
    } else if (share.p === 100n || share.p === 12n) group *= share.p;
    else {
      total += group * share.p;
      group = 0n;
    }
    seen = true;
  }
  const value = total + group;
  return seen ? rational(negative ? -value : value) : null;
}
