// The string graders of the benchmarks: MATH (Hendrycks et al.), Minerva, GSM8K and DAPO.
// They reproduce what those graders call equal, including what they miss.

import { boxes } from "../find/boxes.ts";
import { isDigit } from "../read/numerals.ts";

/** Extracts an answer from a completion and compares it with a gold answer as strings. */
export type StringGrader = {
  extract: (completion: string) => { start: number; end: number } | null;
  gold: (gold: string) => string;
  normal: (answer: string) => string;
};

/** Replaces every occurrence of each of the texts. */
function without(text: string, parts: readonly string[], by = ""): string {
  let result = text;
  for (const part of parts) result = result.replaceAll(part, by);
  return result;
}

// ---- MATH

/** `strip_string` of hendrycks/math. */
export function hendrycksNormal(answer: string): string {
  let text = without(answer, ["\n", "\\!"]).replaceAll("\\\\", "\\");
  text = text.replaceAll("tfrac", "frac").replaceAll("dfrac", "frac");
  text = without(text, ["\\left", "\\right", "^{\\circ}", "^\\circ", "\\$"]);
  const unit = text.indexOf("\\text{ ");
  if (unit >= 0) text = text.slice(0, unit);
  text = without(text, ["\\%"]).replaceAll(" .", " 0.").replaceAll("{.", "{0.");
  if (text.startsWith(".")) text = `0${text}`;
  const sides = text.split("=");
  if (sides.length === 2 && sides[0]!.length <= 2) text = sides[1]!;
  text = text.split("\\sqrt").map((part, i) =>
    i === 0 || part.startsWith("{") || part === "" ? part : `{${part[0]}}${part.slice(1)}`
  )
    .join("\\sqrt");
  text = bracedFractions(text.replaceAll(" ", ""));
  if (text === "0.5") return "\\frac{1}{2}";
  const slash = /^(-?\d{1,300})\/(-?\d{1,300})$/.exec(text);
  return slash === null ? text : `\\frac{${Number(slash[1])}}{${Number(slash[2])}}`;
}

function bracedFractions(text: string): string {
  const parts = text.split("\\frac");
  for (let i = 1; i < parts.length; i++) {
    const part = parts[i]!;
    if (part.startsWith("{")) continue;
    if (part.length < 2) return text;
    const [a, b] = [part[0]!, part[1]!];
    parts[i] = b === "{" ? `{${a}}${part.slice(1)}` : `{${a}}{${b}}${part.slice(2)}`;
  }
  return parts.join("\\frac");
}

function lastBox(completion: string): { start: number; end: number } | null {
  const box = boxes(completion).at(-1);
  return box === undefined ? null : { start: box.start, end: box.end };
}

// ---- Minerva

const minervaSubstitutions: [string, string][] = [
  ["an ", ""],
  ["a ", ""],
  [".$", "$"],
  ["\\$", ""],
  ["\\ ", ""],
  [" ", ""],
  ["mbox", "text"],
  [",\\text{and}", ","],
  ["\\text{and}", ","],
  ["\\text{m}", "\\text{}"],
];
const minervaRemoved =
  ("square ways integers dollars mph inches ft hours km units \\ldots sue points feet minutes digits cents " +
    "degrees cm gm pounds meters meals edges students childrentickets multiples \\text{s} \\text{.} \\text{}^2 \\text{}^3 \\text{} " +
    '\\mathrm{th} ^\\circ ^{\\circ} \\; ,\\! {,} " \\dots').split(" ");

/** `normalize_final_answer` of the Minerva evaluation. */
export function minervaNormal(answer: string): string {
  let text = answer.split("=").at(-1)!;
  for (const [before, after] of minervaSubstitutions) text = text.replaceAll(before, after);
  text = without(text, minervaRemoved);
  const first = text.indexOf("$");
  const second = first < 0 ? -1 : text.indexOf("$", first + 1);
  if (second >= 0) text = text.slice(first, second + 1);
  for (const command of ["\\text{", "\\textbf{", "\\overline{"]) text = unwrapped(text, command, false);
  text = unwrapped(text, "\\boxed{", true);
  text = text.replace(/frac([^{])(.)/g, "frac{$1}{$2}").replace(/sqrt([^{])/g, "sqrt{$1}").replaceAll(
    "$",
    "",
  );
  const plain = text.replaceAll(",", "");
  return plain !== "" && [...plain].every(isDigit) ? plain : text;
}

/** Removes a command and the brace that closes it: the next one, or the last one of the text. */
function unwrapped(text: string, command: string, last: boolean): string {
  let result = "";
  let i = 0;
  for (let at = text.indexOf(command); at >= 0; at = text.indexOf(command, i)) {
    const start = at + command.length;
    const end = last ? text.lastIndexOf("}") : text.indexOf("}", start);
    if (end < start) break;
    result += text.slice(i, at) + text.slice(start, end);
    i = end + 1;
  }
  return result + text.slice(i);
}

function minervaSpan(completion: string): { start: number; end: number } | null {
  const lead = "Final Answer: The final answer is";
  const start = completion.indexOf(lead);
  if (start < 0) return null;
  const end = completion.indexOf("I hope it is correct", start);
  return end < 0 ? null : { start: start + lead.length, end: Math.max(start + lead.length, end - 2) };
}

// ---- GSM8K, DAPO

function gsm8kSpan(completion: string): { start: number; end: number } | null {
  const mark = completion.lastIndexOf("#### ");
  if (mark < 0) return null;
  let end = mark + 5;
  if (completion[end] === "-") end++;
  while (isDigit(completion[end]) || completion[end] === "." || completion[end] === ",") end++;
  return end > mark + 5 ? { start: mark + 5, end } : null;
}

function dapoSpan(completion: string): { start: number; end: number } | null {
  const from = Math.max(0, completion.length - 300);
  const tail = completion.slice(from).toLowerCase();
  for (
    let at = tail.lastIndexOf("answer");
    at >= 0;
    at = at === 0 ? -1 : tail.lastIndexOf("answer", at - 1)
  ) {
    let i = from + at + 6;
    while (/\s/.test(completion[i] ?? "")) i++;
    if (completion[i] !== ":") continue;
    i++;
    while (/\s/.test(completion[i] ?? "")) i++;
    const stop = completion.indexOf("\n", i);
    const end = stop < 0 ? completion.length : stop;
    if (end > i) return { start: i, end };
  }
  return null;
}

const plainNumber = (text: string): string =>
  text.replaceAll(",", "").replaceAll("$", "").replace(/\.$/, "").trim();
const boxedGold = (gold: string): string => {
  const box = lastBox(gold);
  return box === null ? gold : gold.slice(box.start, box.end);
};

/** The string graders by the name that presets use. */
export const stringGraders: Record<"hendrycks" | "minerva" | "gsm8k" | "dapo", StringGrader> = {
  hendrycks: { extract: lastBox, gold: boxedGold, normal: hendrycksNormal },
  minerva: { extract: minervaSpan, gold: boxedGold, normal: minervaNormal },
  gsm8k: {
    extract: gsm8kSpan,
    gold: (gold) => gold.slice(gold.includes("####") ? gold.lastIndexOf("####") + 4 : 0),
    normal: plainNumber,
  },
  dapo: { extract: dapoSpan, gold: boxedGold, normal: minervaNormal },
};
