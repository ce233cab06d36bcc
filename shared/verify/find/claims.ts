// What a sentence claims: the text behind its verb, and the one formula or number that it mentions.
// A hedge ("not 5", "at least 5", "between 5 and 9") is never the number in it.

import type { Extraction } from "../presets.ts";
import type { Span } from "./boxes.ts";
import { formulas, type Found, numbers, piece } from "./formulas.ts";
import { isDigit } from "../read/numerals.ts";

/** Words that keep a number from being the answer. */
const hedges =
  /\b(?:not|no|never|none|neither|nor|cannot|unable|undetermined|unclear|unknown|unsure|either|least|most|than|between|over|under|above|below|about|around|approximately|roughly|nearly|almost|up to|maybe|perhaps|possibly|probably|might|may|could|would|only|multiples?|powers?|divisors?|factors?|even|odd|prime|minus|negative|all|every|any|wrong|incorrect|except|until|before|after|if|but|anything|something|other|one of|some|twice|double|triple|half|third|quarter|squared?|cubed?|root|plus|divisible|near|far|close|beyond|within|off|short|too|instead|rather|without|different|unlike|excluding|remainder|reciprocal|inverse|opposite|larger|smaller|greater|fewer|less|more)\b|n't\b/i;

/** Words in front of the verb that take back what follows it. */
const uncertain =
  /\b(?:unable|cannot|whether|unsure|unclear|unknown|undetermined|doubt|not|never|if|suppose|assume|maybe|perhaps|possibly|might)\b|n't\b/i;

/** Whether a sentence says less than that a value is the answer. */
const isHedged = (sentence: string): boolean => hedges.test(sentence) || comparison.test(sentence);

const comparison = /[<>\u2260\u2264\u2265\u2248~]|\\(?:leq?|geq?|neq?|approx|sim|pm)(?![A-Za-z])/;

/** The text with formulas and braces blanked out, at the same places, so that marks inside them end no sentence. */
const masked = (part: string): string =>
  part.replaceAll(
    /\$\$[^]{0,2000}?\$\$|\$[^$\n]{0,600}\$|\\\([^\n]{0,600}?\\\)|\\\[[^]{0,2000}?\\\]|\{[^{}]{0,600}\}|\([^()]{0,200}\)/g,
    (inside) => "#".repeat(inside.length),
  );

const end = /[.!?\u3002](?:\s+(?=[A-Z\u4e00-\u9fff#$\\*])|\s*$)/g;

/** The first sentence behind `from`, or the last one before `to`. */
function sentence(text: string, from: number, to: number, last: boolean): Span {
  const part = masked(text.slice(from, to));
  let start = 0;
  for (const found of part.matchAll(end)) {
    const next = found.index + found[0].length;
    if (!last || next >= part.length) return { start: from + start, end: from + found.index };
    start = next;
  }
  return { start: from + start, end: to };
}

const verbs = [
  " is ",
  " are ",
  " equals ",
  " est ",
  " is: ",
  " is:",
  " would be ",
  "'s ",
  "\u662f",
  "is\n",
  ": ",
  " = ",
];
const opening =
  /^\s*(?:(?:is|are|est|es|ist|equals|comes to|(?:would|must|should|will|has to) be|\u662f|\u4e3a)\s*:?|:)\s*/;
/** What is said of the answer, instead of the answer: "$x \ge 5$ is the solution". */
const roles =
  /^(?:(?:the|our|a|an|my|your)\s+)?(?:(?:final|correct|required|desired|only|right)\s+)?(?:answer|solution|result|value|one|case)s?$|^(?:correct|true|it|done|right|as follows|this|that)$/i;

/** The claims of the sentence behind an anchor such as "answer", or of a whole sentence (`last`: behind its last verb). */
export function claims(text: string, from: number, to: number, rules: Extraction, last: boolean): Found[] {
  if (rules.formulasOnly) return formulas(text, from, to, rules).slice(-1);
  const span = sentence(text, from, to, last);
  if (text[span.end] === "?") return []; // a question claims nothing
  const all = masked(text.slice(span.start, span.end));
  const opened = last ? null : opening.exec(all);
  let start = opened === null ? 0 : opened[0].length;
  let rest = withoutReason(all.slice(start));
  const places = verbs.map((verb) => {
    const at = last || opened !== null ? rest.lastIndexOf(verb) : rest.indexOf(verb);
    return at < 0 ? -1 : at + verb.length;
  }).filter((place) => place >= 0);
  if (places.length > 0) {
    const place = last || opened !== null ? Math.max(...places) : Math.min(...places);
    const said = trim(text, span.start + start + place, span.start + start + rest.length);
    if (roles.test(text.slice(said.start, said.end))) rest = rest.slice(0, place);
    else {
      start += place;
      rest = rest.slice(place);
    }
    if (last && uncertain.test(all.slice(0, start))) return [];
  } else if (last && opened === null) return [];
  const { start: begin, end: stop } = trim(text, span.start + start, span.start + start + rest.length);
  const found: Found[] = [];
  if (stop > begin) found.push({ ...piece(text, begin, stop), claim: true });
  const prose = all.slice(start);
  if (isHedged(prose)) return found;
  const [lower, upper] = [span.start + start, span.end];
  const mentioned = formulas(text, lower, upper, rules).filter(({ text }) =>
    !/^\\?[A-Za-z]$/.test(text.trim())
  );
  const written = mentioned.length > 0 ? mentioned : numbers(text, lower, upper);
  const words = prose.match(/\p{L}{2,}/gu)?.length ?? 0;
  if (written.length === 1 || (written.length > 1 && (mentioned.length > 0 || words >= 4))) {
    found.push(written[0]!);
  }
  return found;
}

const reason =
  /(?:[,;]\s*|\s)(?:because|since|so that|as (?:we|it|the|required|desired|there|each|in|an?)|where|which|that|who|by|using|given that|for which|for (?:all|any|every|some)|and (?:we|it|this|so)|so|when|thus|hence|therefore|obtained|found|needed|i\.e\.)(?=[\s,]).*$|[,;]\s+(?:a|an|the|with|for|in|not|altogether|as|but)\s.*$|,\s+altogether.*$/s;

/** Without the reasons that follow an answer. */
function withoutReason(part: string): string {
  const cut = reason.exec(part);
  if (cut === null) return part;
  const kept = part.slice(0, cut.index);
  const relative = !/[\d#]/.test(kept) && / (?:is|are|equals) /.test(cut[0]); // "the number of points that lie in it is 19"
  return relative || kept.trim() === "" ? part : kept;
}

/** Without white space, emphasis and quotation marks around. */
function trim(text: string, start: number, end: number): Span {
  const marks = " \n\t*\"'`:=.,\u201c\u201d\uff1a";
  while (start < end && marks.includes(text[start]!) && !(text[start] === "." && isDigit(text[start + 1]))) {
    start++;
  }
  while (start < end && marks.includes(text[end - 1]!)) end--;
  return { start, end };
}
