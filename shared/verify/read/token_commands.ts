// LaTeX commands: what begins with a backslash, and the braces after it.

import { ParseError } from "../tree/fuel.ts";
import type { Lexer } from "./lexer.ts";
import * as tables from "./tables.ts";
import { unitOf } from "./units.ts";

const openers = new Set("( [ { \\{ langle lfloor lceil lvert lbrace lbrack".split(" "));
const closers = new Set(") ] } \\} rangle rfloor rceil rvert rbrace rbrack".split(" "));
const structures = new Set(
  ("frac dfrac tfrac cfrac sqrt cbrt binom dbinom tbinom choose over sum prod int iint lim gcd bmod mod pmod pmb not land lor " +
    "substack stackrel variable xRightarrow bigcup").split(" "),
);

/** Reads the command at the place of the lexer. */
export function readCommand(lexer: Lexer): void {
  const { source, i } = lexer;
  let end = i + 1;
  while (/[A-Za-z]/.test(source[end] ?? "")) end++;
  if (end === i + 1) return escaped(lexer, source[end] ?? "");
  let name = source.slice(i + 1, end);
  if (!tables.invisible.has(name) && /^q?quad[a-zA-Z]/.test(name)) {
    name = name.startsWith("qquad") ? "qquad" : "quad";
    end = i + 1 + name.length;
  }
  const length = end - i;
  if (name === "left" || name === "right") {
    lexer.i = end;
    if (source[end] === ".") lexer.i++;
  } else if (
    name === "hspace" || name === "vspace" || name === "color" || name === "label" || name === "tag"
  ) {
    lexer.i = lexer.group(end)?.end ?? end;
  } else if (tables.invisible.has(name)) {
    lexer.i = end;
    lexer.spaced ||= tables.spaces.has(name);
  } else if (tables.textCommands.has(name)) words(lexer, end);
  else if (tables.nameCommands.has(name)) upright(lexer, end);
  else if (name === "mathbb") realm(lexer, end);
  else if (tables.accents.has(name)) accent(lexer, name, end);
  else if (name === "begin" || name === "end") environment(lexer, name, end);
  else if (tables.relations.has(name)) lexer.push("relation", tables.relations.get(name)!, length);
  else if (openers.has(name)) bracket(lexer, "open", name, length);
  else if (closers.has(name)) bracket(lexer, "close", name, length);
  else if (tables.functions.has(name) && (name !== "Gamma" || source[end] === "(")) {
    lexer.push("function", tables.functions.get(name)!, length);
  } else if (tables.letters.has(name)) lexer.push("symbol", name, length);
  else other(lexer, name, length);
}

function bracket(lexer: Lexer, type: "open" | "close", name: string, length: number): void {
  lexer.depth += type === "open" ? 1 : -1;
  lexer.push(
    type,
    name.replace("lbrace", "\\{").replace("rbrace", "\\}").replace("lbrack", "[").replace("rbrack", "]"),
    length,
  );
}

/** Single signs, and what has a structure of its own. */
function other(lexer: Lexer, name: string, length: number): void {
  if (name === "pi" || name === "infty") lexer.push("constant", name === "pi" ? "pi" : "inf", length);
  else if (name === "cdot" || name === "times" || name === "ast" || name === "cdotp") {
    lexer.push("operator", "*", length);
  } else if (name === "neg" || name === "lnot") lexer.push("operator", "neg", length);
  else if (name === "Vert" || name === "lVert" || name === "rVert") lexer.push("operator", "||", length);
  else if (name === "div") lexer.push("operator", "/", length);
  else if (name === "pm" || name === "mp") lexer.push("operator", name, length);
  else if (name === "cup" || name === "cap" || name === "setminus" || name === "backslash") {
    lexer.push("operator", name, length);
  } else if (name === "mid" || name === "vert") lexer.push("operator", "|", length);
  else if (name === "colon") lexer.push("operator", ":", length);
  else if (name === "circ" || name === "degree") lexer.push("operator", "degree", length);
  else if (name === "prime") lexer.push("operator", "'", length);
  else if (name === "emptyset" || name === "varnothing") lexer.push("realm", "0", length);
  else if (/^[lcd]?dots[cbmoi]?$/.test(name)) lexer.push("ellipsis", "...", length);
  else if (name === "exponentialE") lexer.push("constant", "e", length);
  else if (name === "imaginaryI" || name === "imath") lexer.push("constant", "i", length);
  else if (name === "land" || name === "lor") lexer.push("separator", name === "lor" ? "or" : "and", length);
  else if (structures.has(name)) lexer.push("command", name, length);
  else if (name.length === 1 && /[RZNQC]/.test(name)) lexer.push("realm", name, length);
  else throw new ParseError(`unknown command \\${name}`);
}

/** A backslash before a sign. */
function escaped(lexer: Lexer, c: string): void {
  if (c === "\\") lexer.push("row", "\\\\", 2);
  else if (c === "{") bracket(lexer, "open", "\\{", 2);
  else if (c === "}") bracket(lexer, "close", "\\}", 2);
  else if (c === "%") lexer.push("operator", "%", 2);
  else if (c === "|") lexer.push("operator", "||", 2);
  else if (c === "$") lexer.push("currency", "dollars", 2);
  else if (tables.invisible.has(c) || tables.spaces.has(c) || c === "") {
    lexer.i += 2;
    lexer.spaced = true;
  } else if ("()[]".includes(c)) lexer.i += 2; // math delimiters
  else if (c === "&" || c === "#" || c === "_") lexer.i += 2;
  else throw new ParseError(`unknown command \\${c}`);
}

/** `\text{...}` and the like. */
function words(lexer: Lexer, i: number): void {
  const group = lexer.group(i);
  if (group === null) throw new ParseError("text without braces");
  const text = group.text.trim();
  const lower = text.toLowerCase().replace(/^[\s,]{0,9}|[\s,:]{0,9}$/g, "");
  const length = group.end - lexer.i;
  if (lower === "and" || lower === "or" || lower === "") {
    if (lower !== "") return lexer.push("separator", lower, length);
    lexer.i = group.end;
    return void (lexer.spaced = true);
  }
  if (lower === "%" || lower === "percent" || lower === "\\%") return lexer.push("operator", "%", length);
  if (lower === "degrees" || lower === "degree" || lower === "\u00b0") {
    return lexer.push("operator", "degree", length);
  }
  if (tables.functions.has(text) && !isQuantity(lexer, text, group.end)) {
    return lexer.push("function", tables.functions.get(text)!, length);
  }
  if (/^[A-Za-z]{2,20}$/.test(text) && opensArgument(lexer, group.end)) {
    return lexer.push("symbol", `fn:${text}`, length);
  }
  if (/^[A-Za-z]$/.test(text) && lexer.tokens.slice(-2).some(({ value }) => value === "^")) {
    return lexer.push("symbol", text, length);
  }
  const joined = /^(.*\S)\s+(and|or)$/s.exec(text);
  if (joined !== null) {
    lexer.push("text", joined[1]!, 0);
    return lexer.push("separator", joined[2]!, length);
  }
  lexer.push("text", text, length);
}

/** `\text{min}` behind a number and before nothing that could be its argument is a unit, not a function. */
const isQuantity = (lexer: Lexer, text: string, end: number): boolean =>
  (text === "min" || text === "sec" || text === "max") && !lexer.operandNext() &&
  !/^\s{0,3}[({_\\A-Za-z]/.test(lexer.source.slice(end, end + 5));

const opensArgument = (lexer: Lexer, end: number): boolean =>
  /^(?:\\left)?\(/.test(lexer.source.slice(end, end + 6));

/** `\mathrm{...}` and the like: a function, a constant, one symbol, or words. */
function upright(lexer: Lexer, i: number): void {
  const group = lexer.group(i);
  if (group === null) throw new ParseError("a name without braces");
  const text = group.text.replaceAll(/~|\\[,; ]|\\cdot/g, " ").replaceAll(/\^\{(-?\d)\}/g, "^$1").trim();
  const length = group.end - lexer.i;
  if (text === "e" || text === "i") lexer.push("constant", text, length);
  else if (text === "and" || text === "or") lexer.push("separator", text, length);
  else if (tables.functions.has(text) && !isQuantity(lexer, text, group.end)) {
    lexer.push("function", tables.functions.get(text)!, length);
  } else if (/^[A-Za-z]$/.test(text)) {
    lexer.push(lexer.operandNext() || unitOf(text) === undefined ? "symbol" : "text", text, length);
  } else if (/^\d/.test(text)) lexer.i = group.end - group.text.length - 1;
  else if (/^(?:\s|\\left)*\(/.test(lexer.source.slice(group.end, group.end + 12))) {
    if (!/^[A-Za-z]{2,20}$/.test(text)) throw new ParseError(`unknown function ${text.slice(0, 40)}`);
    lexer.push("symbol", `fn:${text}`, length);
  } else lexer.push("text", text, length);
}

function realm(lexer: Lexer, i: number): void {
  const group = lexer.group(i);
  if (group === null) throw new ParseError("\\mathbb without a letter");
  lexer.push(/^[RZNQC]$/.test(group.text) ? "realm" : "symbol", group.text, group.end - lexer.i);
}

function accent(lexer: Lexer, name: string, i: number): void {
  const group = lexer.group(i);
  if (group === null) throw new ParseError(`\\${name} without a letter`);
  const plain = name === "mathbf" || name === "boldsymbol" || name === "bm" || name === "underline";
  if (plain && /^[^A-Za-z]/.test(group.text)) return void (lexer.i = i); // only bold: read the braces as usual
  if (plain && /^[A-Za-z]{2}/.test(group.text)) return lexer.push("text", group.text, group.end - lexer.i);
  const text = group.text.replaceAll(" ", "");
  const arrow = name === "vec" || name === "overrightarrow";
  const vector = /^(?:\\mathbf\{?)?\\?([a-z])(?:math)?\}?$/.exec(text);
  const unit = name === "hat" && vector !== null && "ijk".includes(vector[1]!);
  if ((arrow || unit) && vector !== null) return lexer.push("symbol", vector[1]!, group.end - lexer.i);
  lexer.push("symbol", plain ? text : `${name === "overline" ? "bar" : name}{${text}}`, group.end - lexer.i);
}

function environment(lexer: Lexer, name: "begin" | "end", i: number): void {
  const group = lexer.group(i);
  if (group === null) throw new ParseError("an environment without a name");
  let { end } = group;
  if (name === "begin" && group.text.startsWith("array")) end = lexer.group(end)?.end ?? end;
  const array = /matrix|array/.test(group.text);
  lexer.depth += name === "begin" ? 1 : -1;
  if (array || group.text === "cases") lexer.push(name, group.text, end - lexer.i);
  else lexer.i = end;
}
