// What is done to the text of an answer before it is read as mathematics: choice labels, parts (a) and (b), statement
// numbers, and words outside dollar signs.

/** `(D) 10`, `D) 10`, `D. 10`, `E: words`, `Option D`: the letter of a choice and what it says, if anything. */
export function choiceLabel(text: string): { letter: string; content: string } | null {
  if (!/[A-J]/.test(text.slice(0, 24))) return null;
  for (const pattern of labels) {
    const found = pattern.exec(text);
    if (found !== null) {
      return { letter: found[1]!, content: (found[2] ?? "").replace(/[\s.}~]*$/, closingBraces) };
    }
  }
  return null;
}

const space = String.raw`(?:\\[ ,;]|\\q?quad|[\s~])*`;
const command = String.raw`(?:\\(?:text|textbf|mathrm|textrm|mathbf|textit)\s?\{\s*)?`;
const labels = [
  new RegExp(String.raw`^\s*\$?${command}\(([A-J])\)\s?[.:]?\}?\$?(?:${space}([^\s~$].*))?$`, "s"),
  new RegExp(String.raw`^\s*\$?${command}([A-J])\s?\}?[).]\s?\}?\$?(?:${space}([^\s~$}].*)|\s*)$`, "s"),
  new RegExp(String.raw`^\s*\$?${command}([A-J])\s?\}?:\s?\}?\s+([^\s~$}\d].*)$`, "s"),
  new RegExp(
    String
      .raw`^\s*\$?${command}(?:[Oo]ption|[Cc]hoice|OPTION|CHOICE|[Aa]nswer)\s*\}?\s*\(?([A-J])\)?\s?[.:)]?\}?\$?(?:${space}([^\s~$].*))?$`,
    "s",
  ),
];

/** Keeps a closing brace that belongs to the content. */
const closingBraces = (end: string, at: number, all: string): string => {
  const open = all.slice(0, at).split("{").length - all.slice(0, at).split("}").length;
  return "}".repeat(Math.max(0, Math.min(open, end.split("}").length - 1)));
};

const sequences = [
  ["a", "b", "c", "d", "e", "f"],
  ["i", "ii", "iii", "iv", "v", "vi"],
  ["1", "2", "3", "4", "5", "6"],
];

/** `(a) 5, (b) 6` as its labels and parts; null when the text does not begin with such labels in their order. */
export function labelledParts(text: string): { label: string; text: string }[] | null {
  if (!/^\s*\$?(?:\\(?:text|textbf|mathrm)\{\s*)?\((?:a|i|1)\)/.test(text)) return null;
  const pattern =
    /(?:^|[,;.\n]|\\\\|\band\b|\\text\{\s*and\s*\}|\\q?quad)[\s$~]*(?:\\(?:text|textbf|mathrm)\{\s*)?\(([a-f]|i{1,3}|iv|vi?|[1-6])\)(?:\s*\})?[\s:$~]*/g;
  const marks = [...text.matchAll(pattern)];
  const sequence = sequences.find((names) => marks.every((mark, i) => mark[1] === names[i]));
  if (marks.length < 2 || sequence === undefined) return null;
  const parts = marks.map((mark, i) => ({
    label: mark[1]!,
    text: text.slice(mark.index + mark[0].length, marks[i + 1]?.index ?? text.length).replace(
      /[\s,;.$]+$/,
      "",
    ),
  }));
  return parts.every((part) => part.text !== "") ? parts : null;
}

/** `(2)(3)` or circled digits: the numbers of statements, each once and rising; null for anything else. */
export function statementNumbers(text: string): string[] | null {
  if (text.length > 80 || !/^\s*\$?\s*[(\u2460-\u2468]/.test(text)) return null;
  const plain = text.replaceAll(/[\u2460-\u2468]/g, (c) => `(${c.charCodeAt(0) - 0x245f})`);
  if (!/^\s*\$?\s*(?:\(\d\)[\s,\u3001\uff0c]*){2,9}\$?\s*$/.test(plain)) return null;
  const numbers = plain.match(/\d/g)!;
  return numbers.every((n, i) => i === 0 || n > numbers[i - 1]!) ? numbers : null;
}

/** `ACD`, `A, C, D`, `A and C`: the letters of several choices in alphabetical order; null for anything else. */
export function choiceLetters(text: string): string | null {
  if (text.length > 80 || !/[A-H]/.test(text) || /\d/.test(text)) return null;
  const letters = text.replaceAll(
    /\\(?:text|textbf|mathrm|textrm|mathbf|left|right|quad)\b|\band\b|[\\{}()[\]$\s,;&.*]/g,
    "",
  );
  if (!/^[A-H]{2,8}$/.test(letters) || new Set(letters).size < letters.length) return null;
  return [...letters].sort().join("");
}

/** Words outside dollar signs as `\text{...}`: "odd $n$"; the text itself where there is no formula in dollar signs. */
export function withTextCommands(text: string): string {
  if (!text.includes("$")) return text;
  const parts = text.split(/(?<!\\)\$\$?/);
  if (parts.length % 2 === 0) return text;
  const outside = (part: string): string =>
    part.replaceAll(
      /\\[A-Za-z]+(?:\s?\{[^{}]*\})?|[A-Za-z][A-Za-z'-]*(?:\s+[A-Za-z][A-Za-z'-]*)*/g,
      (run) => run.startsWith("\\") || /^(?:and|or|[A-Za-z])$/.test(run) ? run : wrapped(run),
    );
  return parts.map((part, i) => i % 2 === 0 ? outside(part) : ` ${part} `).join("").trim();
}

/** "and" and "or" at either end of words join what stands around them. */
function wrapped(run: string): string {
  const found = /^((?:and|or)\s+)?(.*?)(\s+(?:and|or))?$/s.exec(run)!;
  return `${found[1] ?? ""} \\text{${found[2]}} ${found[3] ?? ""}`;
}

/** `(k \in \mathbb{Z})` behind an answer is its domain. */
const domain =
  /(?:\\[ ,;]|\\q?quad|[\s~,])*\(\s*(\w+\s*\\in\s*(?:\\mathbb\s*\{\s*[ZNQR]\s*\}|\\mathbb\s*[ZNQR]|[ZNQR])[+*]?)\s*\)\s*$/;

/** `72 (dogs)`, as some data sets write the unit of a number. */
function withUnit(number: string, unit: string): string {
  if (unit === "%" || unit === "percent") return `${number}\\%`;
  if (unit === "degrees" || unit === "\u00b0") return `${number}^\\circ`;
  return `${number} \\text{${unit === "$" ? "dollars" : `(${unit})`}}`;
}

/** "minus 3" as -3, "3 remainder 2" and "3 R 2" as words around numbers. */
export function withSigns(text: string): string {
  if (/\(\s*\w+\s*\\in\b/.test(text)) text = text.replace(domain, ", $1");
  const counted = /^\s*([-+]?\$?\d[\d.,/]{0,30})\s*\(((?:\d+(?:st|nd|rd|th)\s)?[^()\\\d]{1,60})\)\s*$/.exec(
    text,
  );
  if (counted !== null && /[A-Za-z]{2}|[A-Za-z]\/[A-Za-z]|^[A-Za-z%$\u00b0]$/.test(counted[2]!)) {
    return withUnit(counted[1]!, counted[2]!.trim());
  }
  if (!/^\s*[$mnMN\d]|forall/.test(text)) return text;
  return text
    .replace(/^\s*\$\s?(?=\d)(?=[^$]*$)/, "\\$")
    .replace(/^\s*\\forall\s*[^,:]{1,60}[,:]\s*/, "")
    .replaceAll(/\\forall(?![A-Za-z])/g, "\\text{for all}")
    .replace(/^(\s*)(?:minus|negative)\s+(?=[\d$\\(.])/i, "$1-")
    .replace(
      /^(\s*\d{1,12})\s{0,3}(?:[rR]|remainder|\\text\s?\{\s*(?:remainder|[rR])\s*\})\s{0,3}(\d{1,12}\s*)$/,
      "$1 \\text{ remainder } $2",
    );
}
