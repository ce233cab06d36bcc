// One pass from characters to tokens. LaTeX, plain text and Unicode signs end as the same tokens.

import type { Fuel } from "./fuel.ts";
import { LimitError, limits, ParseError } from "./fuel.ts";
import { type Commas, isDigit, scanNumeral } from "./numerals.ts";
import type { Rational } from "./rational.ts";
import * as tables from "./symbols.ts";
import { unitOf } from "./units.ts";

export type Token = {
  type:
    | "number"
    | "symbol"
    | "constant"
    | "function"
    | "operator"
    | "relation"
    | "open"
    | "close"
    | "separator"
    | "text"
    | "command"
    | "begin"
    | "end"
    | "cell"
    | "row"
    | "realm"
    | "ellipsis";
  value: string;
  /** Preceded by white space. */
  spaced: boolean;
  start: number;
  number?: { value: Rational; places: number | null };
};

/** Which of the possible readings of an ambiguous text is meant. */
export type Reading = {
  commas: Commas;
  /** `3e8` is 3 x 10^8. */
  exponents: boolean;
  /** Bare words such as `cm` or `apples` may follow a number. */
  words: boolean;
};

/** The tokens of one answer, and whether a comma in it could be read in another way. */
export function tokenize(
  source: string,
  reading: Reading,
  fuel: Fuel,
): { tokens: Token[]; ambiguous: boolean } {
  if (source.length > limits.answer) throw new LimitError("answer");
  fuel.spend(source.length >> 3);
  const lexer = new Lexer(normalize(source), reading);
  lexer.run();
  return { tokens: lexer.tokens, ambiguous: lexer.ambiguous };
}

function normalize(source: string): string {
  let text = "";
  for (const c of source) text += c >= "\u007f" ? tables.characters.get(c) ?? c : c;
  if (!/matrix|array|cases|align|split|gather/.test(text)) {
    text = text.replace(/\\\\(?=[A-Za-z{}$%!,;])/g, "\\");
  }
  return text;
}

const openers = new Set([
  "(",
  "[",
  "{",
  "\\{",
  "langle",
  "lfloor",
  "lceil",
  "lvert",
  "lVert",
  "lbrace",
  "lbrack",
]);
const closers = new Set([
  ")",
  "]",
  "}",
  "\\}",
  "rangle",
  "rfloor",
  "rceil",
  "rvert",
  "rVert",
  "rbrace",
  "rbrack",
]);
const structures = new Set(
  ("frac dfrac tfrac cfrac sqrt cbrt binom dbinom tbinom choose over sum prod int iint lim gcd bmod mod pmod pmb not land lor " +
    "substack stackrel Vert variable xRightarrow bigcup").split(" "),
);

class Lexer {
  readonly tokens: Token[] = [];
  ambiguous = false;
  private i = 0;
  private depth = 0;
  private spaced = false;

  constructor(private readonly source: string, private readonly reading: Reading) {}

  run(): void {
    while (this.i < this.source.length) {
      const c = this.source[this.i]!;
      if (c === " " || c === "\n" || c === "\t" || c === "\r" || c === "~") {
        this.i++;
        this.spaced = true;
      } else if (isDigit(c) || (c === "." && isDigit(this.source[this.i + 1]))) this.numeral();
      else if (c === "\\") this.command();
      else if ((c >= "a" && c <= "z") || (c >= "A" && c <= "Z")) this.word();
      else this.sign(c);
      if (this.tokens.length > limits.nodes) throw new LimitError("nodes");
    }
  }

  private push(type: Token["type"], value: string, length: number): void {
    this.tokens.push({ type, value, spaced: this.spaced, start: this.i });
    this.spaced = false;
    this.i += length;
  }

  private numeral(): void {
    const { commas, exponents } = this.reading;
    const number = scanNumeral(this.source, this.i, commas, this.depth > 0, exponents);
    this.ambiguous ||= number.ambiguous;
    this.push("number", this.source.slice(this.i, number.end), number.end - this.i);
    this.tokens.at(-1)!.number = { value: number.value, places: number.places };
  }

  private sign(c: string): void {
    const rest = this.source.slice(this.i, this.i + 3);
    if (rest.startsWith("...")) return this.push("ellipsis", "...", 3);
    for (
      const [text, op] of [["<=", "<="], [">=", ">="], ["!=", "!="], ["=<", "<="], ["=>", "->"], [
        "->",
        "->",
      ]] as const
    ) {
      if (rest.startsWith(text)) return this.push("relation", op, 2);
    }
    if (rest.startsWith("==")) return this.push("relation", "=", 2);
    if (rest.startsWith("**")) return this.push("operator", "^", 2);
    if (c === "\u2220" || c === "$" || c === '"' || c === "`" || c === "\u201c" || c === "\u201d") {
      return void this.i++;
    }
    if (tables.relations.has(c)) return this.push("relation", tables.relations.get(c)!, 1);
    if ("([{".includes(c)) {
      if (rest === "{,}") return this.push("separator", ",", 3);
      this.depth += c === "{" ? 0 : 1;
      return this.push("open", c, 1);
    }
    if (")]}".includes(c)) {
      this.depth -= c === "}" ? 0 : 1;
      return this.push("close", c, 1);
    }
    if (c === "," || c === ";") return this.push("separator", c, 1);
    if (c === "&") return this.push("cell", c, 1);
    if ("+-*/^_!|:'%".includes(c)) return this.push("operator", c, 1);
    if ("\u20ac\u00a3\u00a5\u20b9".includes(c)) return this.push("text", "currency", 1);
    if (c === ".") return void this.i++;
    if (c > "\u007f" && /\p{L}/u.test(c)) return this.foreign();
    throw new ParseError(`unexpected character ${JSON.stringify(c)}`);
  }

  /** A run of letters of another script is words. */
  private foreign(): void {
    let end = this.i;
    while (end < this.source.length && this.source[end]! > "\u007f") end++;
    this.push("text", this.source.slice(this.i, end), end - this.i);
  }

  private word(): void {
    let end = this.i;
    while (/[A-Za-z]/.test(this.source[end] ?? "")) end++;
    const word = this.source.slice(this.i, end);
    if ((word === "np" || word === "math") && this.source[end] === ".") return void (this.i = end + 1);
    if (/^(st|nd|rd|th)$/.test(word) && !this.spaced && this.tokens.at(-1)?.type === "number") {
      return void (this.i = end);
    }
    if (word.length > 1 && this.known(word)) return;
    const joint = /^(or|and)(?=[A-Z]$|[a-z]$)/.exec(word);
    if (joint !== null && !this.operandNext()) return this.push("separator", joint[1]!, joint[1]!.length);
    for (const name of ["sin", "cos", "tan", "log", "ln", "exp", "pi", "sqrt"]) {
      if (word.startsWith(name) && word.length === name.length + 1 && this.known(name)) return;
    }
    if (word.length > 1 && this.reading.words && isWord(word) && !this.factors(word)) {
      return this.push("text", word, word.length);
    }
    for (const letter of word) {
      if (letter === "e" || letter === "i") this.push("constant", letter, 1);
      else this.push("symbol", letter, 1);
    }
  }

  /** Whether the next token starts an operand, not continues one. */
  private operandNext(): boolean {
    const last = this.tokens.at(-1);
    return last === undefined ||
      ["operator", "relation", "open", "separator", "function"].includes(last.type);
  }

  /** Two letters after a letter are factors rather than a unit: `2 \pi h r`. */
  private unitNext(word: string): boolean {
    const last = this.tokens.at(-1)?.type;
    return !this.operandNext() &&
      !(word.length === 2 && (last === "symbol" || (last === "constant" && word === "hr")));
  }

  /** A short unit where only factors can stand. */
  private factors(word: string): boolean {
    return unitOf(word) !== undefined && !this.operandNext() && !this.unitNext(word);
  }

  private known(word: string): boolean {
    const { length } = word;
    const lower = word.toLowerCase();
    if (lower === "or" || lower === "and") this.push("separator", lower, length);
    else if (lower === "percent" || lower === "pct" || lower === "percentage") {
      this.push("operator", "%", length);
    } else if (lower === "degrees" || lower === "degree" || lower === "deg") {
      this.push("operator", "degree", length);
    } else if (lower === "pi") this.push("constant", "pi", length);
    else if (lower === "infinity" || lower === "infty" || lower === "inf" || word === "oo") {
      this.push("constant", "inf", length);
    } else if (word === "sqrt" || word === "cbrt") this.push("command", word, length);
    else if (this.reading.words && this.unitNext(word) && unitOf(word) !== undefined) {
      this.push("text", word, length);
    } else if (tables.functions.has(word) && !tables.commandOnly.has(word)) {
      this.push("function", tables.functions.get(word)!, length);
    } else if (word.length > 2 && tables.greekWords.has(word)) this.push("symbol", word, length);
    else return false;
    return true;
  }

  private command(): void {
    const { source, i } = this;
    let end = i + 1;
    while (/[A-Za-z]/.test(source[end] ?? "")) end++;
    if (end === i + 1) return this.escaped(source[end] ?? "");
    let name = source.slice(i + 1, end);
    if (!tables.invisible.has(name) && /^q?quad[a-zA-Z]/.test(name)) {
      name = name.startsWith("qquad") ? "qquad" : "quad";
      end = i + 1 + name.length;
    }
    const length = end - i;
    if (name === "left" || name === "right") {
      this.i = end;
      if (source[end] === ".") this.i++;
    } else if (
      name === "hspace" || name === "vspace" || name === "color" || name === "label" || name === "tag"
    ) {
      this.i = this.group(end)?.end ?? end;
    } else if (tables.invisible.has(name)) {
      this.i = end;
      this.spaced ||= tables.spaces.has(name);
    } else if (tables.textCommands.has(name)) this.words(end);
    else if (tables.nameCommands.has(name)) this.name(end);
    else if (name === "mathbb") this.realm(end);
    else if (tables.accents.has(name)) this.accent(name, end);
    else if (name === "begin" || name === "end") this.environment(name, end);
    else if (tables.relations.has(name)) this.push("relation", tables.relations.get(name)!, length);
    else if (openers.has(name)) this.bracket("open", name, length);
    else if (closers.has(name)) this.bracket("close", name, length);
    else if (tables.functions.has(name) && (name !== "Gamma" || source[end] === "(")) {
      this.push("function", tables.functions.get(name)!, length);
    } else if (tables.letters.has(name)) this.push("symbol", name, length);
    else this.other(name, length);
  }

  private bracket(type: "open" | "close", name: string, length: number): void {
    this.depth += type === "open" ? 1 : -1;
    this.push(
      type,
      name.replace("lbrace", "\\{").replace("rbrace", "\\}").replace("lbrack", "[").replace("rbrack", "]"),
      length,
    );
  }

  private other(name: string, length: number): void {
    if (name === "pi" || name === "infty") this.push("constant", name === "pi" ? "pi" : "inf", length);
    else if (name === "cdot" || name === "times" || name === "ast" || name === "cdotp") {
      this.push("operator", "*", length);
    } else if (name === "div") this.push("operator", "/", length);
    else if (name === "pm" || name === "mp") this.push("operator", name, length);
    else if (name === "cup" || name === "cap" || name === "setminus" || name === "backslash") {
      this.push("operator", name, length);
    } else if (name === "mid" || name === "vert") this.push("operator", "|", length);
    else if (name === "colon") this.push("operator", ":", length);
    else if (name === "circ" || name === "degree") this.push("operator", "degree", length);
    else if (name === "prime") this.push("operator", "'", length);
    else if (name === "emptyset" || name === "varnothing") this.push("realm", "0", length);
    else if (/^[lcd]?dots[cbmoi]?$/.test(name)) this.push("ellipsis", "...", length);
    else if (name === "exponentialE") this.push("constant", "e", length);
    else if (name === "imaginaryI" || name === "imath") this.push("constant", "i", length);
    else if (name === "land" || name === "lor") this.push("separator", name === "lor" ? "or" : "and", length);
    else if (structures.has(name)) this.push("command", name, length);
    else if (name.length === 1 && /[RZNQC]/.test(name)) this.push("realm", name, length);
    else throw new ParseError(`unknown command \\${name}`);
  }

  private escaped(c: string): void {
    if (c === "\\") this.push("row", "\\\\", 2);
    else if (c === "{") this.bracket("open", "\\{", 2);
    else if (c === "}") this.bracket("close", "\\}", 2);
    else if (c === "%") this.push("operator", "%", 2);
    else if (c === "|") this.push("operator", "||", 2);
    else if (c === "$") this.push("text", "currency", 2);
    else if (tables.invisible.has(c) || tables.spaces.has(c) || c === "") {
      this.i += 2;
      this.spaced = true;
    } else if ("()[]".includes(c)) this.i += 2; // math delimiters
    else if (c === "&" || c === "#" || c === "_") this.i += 2;
    else throw new ParseError(`unknown command \\${c}`);
  }

  /** The text between the braces that open at `i` (white space skipped), or the one character there. */
  private group(i: number): { text: string; end: number } | null {
    const { source } = this;
    while (source[i] === " ") i++;
    if (source[i] !== "{") return source[i] === undefined ? null : { text: source[i]!, end: i + 1 };
    let depth = 0;
    for (let end = i; end < source.length; end++) {
      if (source[end] === "\\") end++;
      else if (source[end] === "{") depth++;
      else if (source[end] === "}" && --depth === 0) return { text: source.slice(i + 1, end), end: end + 1 };
    }
    return null;
  }

  private words(i: number): void {
    const group = this.group(i);
    if (group === null) throw new ParseError("text without braces");
    const text = group.text.trim();
    const lower = text.toLowerCase().replace(/^[\s,]{0,9}|[\s,:]{0,9}$/g, "");
    const length = group.end - this.i;
    if (lower === "and" || lower === "or" || lower === "") {
      if (lower !== "") return this.push("separator", lower, length);
      this.i = group.end;
      return void (this.spaced = true);
    }
    if (lower === "%" || lower === "percent" || lower === "\\%") return this.push("operator", "%", length);
    if (lower === "degrees" || lower === "degree" || lower === "\u00b0") {
      return this.push("operator", "degree", length);
    }
    if (tables.functions.has(text)) return this.push("function", tables.functions.get(text)!, length);
    this.push("text", text, length);
  }

  /** `\mathrm{...}` and the like: a function, a constant, one symbol, or words. */
  private name(i: number): void {
    const group = this.group(i);
    if (group === null) throw new ParseError("a name without braces");
    const text = group.text.replaceAll("~", " ").replaceAll("\\,", " ").replaceAll("\\ ", " ").trim();
    const length = group.end - this.i;
    if (text === "e" || text === "i") this.push("constant", text, length);
    else if (text === "and" || text === "or") this.push("separator", text, length);
    else if (tables.functions.has(text)) this.push("function", tables.functions.get(text)!, length);
    else if (/^[A-Za-z]$/.test(text)) {
      this.push(this.operandNext() || unitOf(text) === undefined ? "symbol" : "text", text, length);
    } else if (/^\d/.test(text)) this.i = group.end - group.text.length - 1;
    else if (/^(?:\s|\\left)*\(/.test(this.source.slice(group.end, group.end + 12))) {
      throw new ParseError(`unknown function ${text.slice(0, 40)}`);
    } else this.push("text", text, length);
  }

  private realm(i: number): void {
    const group = this.group(i);
    if (group === null) throw new ParseError("\\mathbb without a letter");
    this.push(/^[RZNQC]$/.test(group.text) ? "realm" : "symbol", group.text, group.end - this.i);
  }

  private accent(name: string, i: number): void {
    const group = this.group(i);
    if (group === null) throw new ParseError(`\\${name} without a letter`);
    const plain = name === "mathbf" || name === "boldsymbol" || name === "bm" || name === "underline";
    if (plain && /^[^A-Za-z]/.test(group.text)) return void (this.i = i); // only bold: read the braces as usual
    if (plain && /^[A-Za-z]{2}/.test(group.text)) return this.push("text", group.text, group.end - this.i);
    const text = group.text.replaceAll(" ", "");
    const arrow = name === "vec" || name === "hat" || name === "overrightarrow";
    const vector = /^(?:\\mathbf\{?)?\\?([a-z])(?:math)?\}?$/.exec(text);
    if (arrow && vector !== null) return this.push("symbol", vector[1]!, group.end - this.i);
    this.push("symbol", plain ? text : `${name === "overline" ? "bar" : name}{${text}}`, group.end - this.i);
  }

  private environment(name: "begin" | "end", i: number): void {
    const group = this.group(i);
    if (group === null) throw new ParseError("an environment without a name");
    let { end } = group;
    if (name === "begin" && group.text.startsWith("array")) end = this.group(end)?.end ?? end;
    const array = /matrix|array/.test(group.text);
    this.depth += name === "begin" ? 1 : -1;
    if (array || group.text === "cases") this.push(name, group.text, end - this.i);
    else this.i = end;
  }
}

const answers = new Set(
  ("yes no true false even odd none north south east west red blue green black white left right both neither " +
    "never always zero one two three four five six seven eight nine ten eleven twelve increasing decreasing " +
    "undefined ellipse circle parabola hyperbola line point impossible infinite").split(" "),
);

/** Whether a run of letters is a word: a product would be written with powers, not with a letter twice. */
export function isWord(run: string): boolean {
  if (answers.has(run.toLowerCase()) || unitOf(run) !== undefined) return true;
  if (/^[A-Z][a-z]{2,40}$/.test(run)) return true;
  return run.length >= 4 && (new Set(run).size < run.length || run.length > 6);
}
