// Everything that enters the program (files, flags, HTTP bodies) passes through `parse`, which turns the first fault
// that valibot finds into one sentence: what was read, which key, what is allowed, what it is now.
// Own formats are strict objects: an unknown key is an error that names the nearest known one. Foreign formats are
// plain `v.object`s or `v.looseObject`s, whose further keys are ignored.

import * as v from "valibot";

/**
 * A value checked against a schema, defaults filled in. Throws a TypeError of one sentence, `what` being the subject
 * and `spell` the way to write the path of a key.
 */
export function parse<const S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  what: string,
  spell = dotted,
): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const issues: readonly v.BaseIssue<unknown>[] = result.issues;
  // A misspelt required key shows up twice, as missing and as unknown: the unknown one says more.
  const issue = issues.find(isUnknownKey) ?? issues[0]!;
  throw new TypeError(`Cannot read ${what} as ${describe(schema, issue, spell)}`);
}

/** As `parse`, for a command's flags, which faults then name as they are typed: `--max-tokens` for maxTokens. */
export function parseFlags<const S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const typed = ([key = ""]: readonly string[]) => `--${key.replace(/[A-Z]/g, "-$&").toLowerCase()}`;
  return parse(schema, value, "the flags", typed);
}

function describe(schema: v.GenericSchema, issue: v.BaseIssue<unknown>, spell: typeof dotted): string {
  const keys = (issue.path ?? []).map((item) => String(item.key));
  const name = spell(keys);
  if (isUnknownKey(issue)) {
    const near = nearest(keys.at(-1)!, knownKeys(schema, keys.slice(0, -1)));
    return `the key ${name} is unknown${near === undefined ? "" : `: the nearest known key is ${near}`}`;
  }
  if (isMissingKey(issue)) return `the key ${name} is missing`;
  const subject = name === "" ? "it" : name;
  // Our own checks carry their condition as the message ("must be finite"); valibot's carry it as `expected`.
  const condition = issue.message.startsWith("must ") ? issue.message : `must be ${allowed(issue.expected)}`;
  return `${subject} ${condition}${nearestChoice(issue)}: current value is ${shown(issue.input)}`;
}

function allowed(expected: string | null): string {
  const kinds: Record<string, string> = {
    Object: "an object",
    Array: "a list",
    string: "a string",
    number: "a number",
    boolean: "true or false",
  };
  if (expected === null) return "valid";
  return kinds[expected] ?? expected.replace(/^\(|\)$/g, "").replace(/^([<>]=?)/, "$1 ");
}

/** For a word that is none of a list of words. */
function nearestChoice({ type, expected, input }: v.BaseIssue<unknown>): string {
  if (type !== "picklist" || typeof input !== "string") return "";
  const near = nearest(input, [...(expected ?? "").matchAll(/"([^"]*)"/g)].map(([, word]) => word!));
  return near === undefined ? "" : ` (the nearest is "${near}")`;
}

function isUnknownKey(issue: v.BaseIssue<unknown>): boolean {
  return issue.type === "strict_object" && issue.expected === "never";
}

function isMissingKey(issue: v.BaseIssue<unknown>): boolean {
  const last = issue.path?.at(-1);
  return issue.kind === "schema" && last !== undefined && "origin" in last && last.origin === "key";
}

function dotted(keys: readonly string[]): string {
  return keys.map((key, i) => /^\d+$/.test(key) ? `[${key}]` : i === 0 ? key : `.${key}`).join("");
}

function shown(value: unknown): string {
  const text = typeof value === "number" ? String(value) : JSON.stringify(value) ?? String(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

/** The keys that the schema allows at a path; wrappers (optional, nullable), unions and arrays are looked through. */
function knownKeys(schema: unknown, path: readonly string[]): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  if ("wrapped" in schema) return knownKeys(schema.wrapped, path);
  if ("options" in schema && Array.isArray(schema.options)) {
    return schema.options.flatMap((option) => knownKeys(option, path));
  }
  if ("entries" in schema && typeof schema.entries === "object" && schema.entries !== null) {
    const entries: Record<string, unknown> = { ...schema.entries };
    return path.length === 0 ? Object.keys(entries) : knownKeys(entries[path[0]!], path.slice(1));
  }
  if ("item" in schema) return knownKeys(schema.item, path.slice(1));
  if ("value" in schema) return knownKeys(schema.value, path.slice(1));
  return [];
}

/** The candidate with the smallest edit distance to a name, or undefined where there is none. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Infinity;
  for (const candidate of candidates) {
    const distance = editDistance(name, candidate);
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Levenshtein distance: insertions, deletions and substitutions, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
