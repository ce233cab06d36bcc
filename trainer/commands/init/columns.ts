// Which column of a table is the problem, which the answer, which the solution: by their names, and by what is in them.

import { formatOf } from "#shared/text/answer_format.ts";
import { markedAnswer } from "#shared/problems/readers/answers.ts";
import { levelOf, lookUp, optionalText, type Row, RowFault } from "#shared/problems/readers/rows.ts";
import type { Columns } from "#shared/problems/readers/table.ts";

/** Usual names, the likeliest first, in lower case without separators; dots reach into nested objects. */
const NAMES: Record<keyof Columns, readonly string[]> = {
  text:
    "problem question prompt query instruction exercise puzzle input text task prompt.0.content messages.0.content"
      .split(" "),
  answer:
    ("answer finalanswer expectedanswer correctanswer gold groundtruth rewardmodel.groundtruth target label " +
      "result value solution output key answerkey").split(" "),
  trace:
    ("solution rationale reasoning explanation workedsolution cot answercot chainofthought working steps " +
      "worked workedout derivation proof trace thought response completion output answer").split(" "),
  level: ["level", "difficulty", "grade"],
  id: ["id", "uid", "uniqueid", "problemid", "questionid"],
};

/** Of the names of a trace, those that may as well hold a bare answer. */
const AMBIGUOUS = ["thought", "response", "completion", "output", "answer"];

interface Column {
  name: string;
  key: string;
  /** Share of rows with a text. */
  filled: number;
  /** Median length in characters. */
  length: number;
  /** Share of texts that end in a marked answer, and that are several words or steps. */
  marked: number;
  long: number;
  /** Share of texts that calculate, or go over several lines. */
  worked: number;
  /** Share of texts with words. */
  wordy: number;
  distinct: boolean;
  /** Different values, as a share of all. */
  variety: number;
  /** Whether it counts the rows. */
  counts: boolean;
  values: (string | null)[];
}

export interface FoundColumns {
  columns: Columns;
  /** Columns with texts that are none of these. */
  unused: string[];
  /** What was found by what is in the columns, not by their names. */
  guessed: (keyof Columns)[];
  /** Whether the table is GSM8K's: the answer behind #### in the solution, and calculator notes in it. */
  isGsm8k: boolean;
}

/**
 * @param given Columns that a person named.
 * @throws ColumnsError that names the columns when no problem or no answer can be found
 */
export function findColumns(rows: readonly Row[], given: Partial<Columns>, file: string): FoundColumns {
  const table = rows.map(({ value }) => value)
    .filter((value): value is Record<string, unknown> =>
      typeof value === "object" && value !== null && !(value instanceof RowFault)
    );
  if (table.length === 0) {
    const [first] = rows;
    const why = first === undefined
      ? "it has no rows"
      : first.value instanceof RowFault
      ? `none of its rows fits: of line ${first.line}, ${first.value.message}`
      : "none of its rows is a JSON object";
    throw new TypeError(`Cannot use ${file} as ${why}`);
  }
  const all = columnsOf(table);
  const taken = new Set(Object.values(given).filter((name) => name !== ""));
  for (const name of taken) {
    if (all.every((column) => column.name !== name)) {
      throw missing(file, `has no column "${name}"`, all);
    }
  }
  const pick = (role: keyof Columns, fits: (column: Column) => boolean): Column | undefined => {
    const free = all.filter((column) => !taken.has(column.name) && fits(column));
    for (const name of NAMES[role]) {
      const found = free.find(({ key }) => key === name);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const guessed: (keyof Columns)[] = [];
  const settle = (role: keyof Columns, find: () => Column | undefined): string => {
    const name = given[role] ?? find()?.name ?? "";
    if (name !== "") taken.add(name);
    return name;
  };
  /** As `settle`, by what is in the columns. */
  const guess = (role: keyof Columns, before: string, column: Column | undefined): string => {
    if (before !== "" || given[role] !== undefined || column === undefined) return before;
    guessed.push(role);
    return settle(role, () => column);
  };
  const mostly = ({ filled }: Column) => filled >= 0.5;
  const rest = () => all.filter((column) => !taken.has(column.name) && mostly(column) && !column.counts);
  const isAnswer = (column: Column) =>
    mostly(column) && column.length <= 80 && column.long < 0.5 && column.marked < 0.5;
  const isTrace = (column: Column) => column.long >= 0.5 || column.worked >= 0.5 || column.marked >= 0.5;
  const named = (name: string) => all.find((column) => column.name === name);

  let text = settle("text", () => pick("text", mostly));
  let trace = settle(
    "trace",
    () => pick("trace", (column) => column.filled > 0.1 && (column.long >= 0.5 || column.marked >= 0.5)),
  );
  const level = settle(
    "level",
    () => pick("level", ({ values }) => values.every((value) => value === null || levelOf(value) !== null)),
  );
  const id = settle("id", () => pick("id", ({ filled, distinct }) => filled === 1 && distinct));
  let answer = settle("answer", () => pick("answer", isAnswer));
  // A solution ends in its answer: no other two columns fit each other so.
  if (trace === "" || answer === "") {
    const ends = (trace === "" ? rest().filter(isTrace) : [named(trace)!]).flatMap((long) =>
      (answer === "" ? rest().filter(isAnswer) : [named(answer)!]).filter((short) => short !== long)
        .map((short) => ({ long, short, share: endsIn(long, short) }))
    );
    const best = ends.filter(({ share }) => share >= 0.8).toSorted((a, b) => b.share - a.share)[0];
    trace = guess("trace", trace, best?.long);
    answer = guess("answer", answer, best?.short);
  }
  // A question has words, and another one in every row; of two, a calculation is rather the solution.
  const questions = rest().filter((column) =>
    (column.long >= 0.5 || column.wordy >= 0.8) && column.variety >= 0.3
  ).toSorted((a, b) => Number(a.worked >= 0.5) - Number(b.worked >= 0.5) || b.length - a.length);
  text = guess("text", text, questions[0]);
  if (text === "") throw missing(file, "does not show which column holds the problem", all);
  const question = named(text);
  const isOther = ({ values }: Column) => values.some((each, i) => each !== question?.values[i]);
  const worked = rest().filter((column) => column.long >= 0.5 && column.worked >= 0.5 && isOther(column));
  trace = guess("trace", trace, worked.toSorted((a, b) => b.length - a.length)[0]);
  const solution = named(trace);
  const isMarked = (solution?.marked ?? 0) >= 0.9;
  const short = rest().filter(isAnswer).toSorted((a, b) => a.length - b.length);
  if (!isMarked && answer === "" && short.length > 1 && given.answer === undefined) {
    const names = short.map(({ name }) => name).join(" or ");
    throw missing(file, `does not show whether ${names} is the answer`, all);
  }
  answer = guess("answer", answer, isMarked ? undefined : short[0]);
  // Where another column has the answer, one that is called a solution is one, however short its texts are.
  const called = () =>
    settle(
      "trace",
      () =>
        answer === ""
          ? undefined
          : pick("trace", ({ key, filled }) => filled > 0.1 && !AMBIGUOUS.includes(key)),
    );
  if (answer === "" && !isMarked) {
    throw missing(file, `does not show which column holds the answer${whyNoAnswer(all)}`, all);
  }
  const isGsm8k = text === "question" && trace === "answer" && answer === "" &&
    solution!.values.every((value) => value === null || formatOf(value) === "hash");
  if (trace === "") trace = called();
  const options = all.find(({ key }) => /^(?:choices|options)(?:\.|$)/.test(key));
  if (options !== undefined && !taken.has(options.name)) {
    throw new TypeError(
      `Cannot use ${file} as the prompt would not show the options of its column ${
        options.name.split(".")[0]
      }: write them into the problem's text first`,
    );
  }
  const unused = all.filter(({ name, filled }) => filled > 0 && !taken.has(name)).map(({ name }) => name);
  return { columns: { id, text, answer, trace, level }, unused, guessed, isGsm8k };
}

/** What is wrong with the column that is called an answer. */
function whyNoAnswer(all: readonly Column[]): string {
  const column = all.find(({ key }) => NAMES.answer.includes(key));
  if (column === undefined) return "";
  return column.filled < 0.5
    ? `, as most rows have neither a text nor a number in ${column.name}`
    : `, as ${column.name} has long texts, of ${column.length} characters at the median, that end in no marked answer`;
}

/** Names that a message lists. */
const SHOWN_NAMES = 20;

/** Columns that a person has to name. */
export class ColumnsError extends TypeError {}

function missing(file: string, what: string, all: readonly Column[]): ColumnsError {
  const shown = all.slice(0, SHOWN_NAMES).map(({ name }) =>
    /[\s,="]/.test(name) ? JSON.stringify(name) : name
  );
  const more = all.length > shown.length ? ` and ${all.length - shown.length} more` : "";
  const names = shown.length === 0 ? "none" : shown.join(", ") + more;
  return new ColumnsError(
    `Cannot use ${file} as it ${what}: its columns are ${names}; say so with --columns text=...,answer=...,trace=...`,
  );
}

function columnsOf(table: readonly Record<string, unknown>[]): Column[] {
  const names = new Set<string>();
  for (const row of table) for (const name of leaves(row, "", 3)) names.add(name);
  return [...names].map((name) => {
    const values = table.map((row) => textOf(row, name));
    const texts = values.filter((value) => value !== null);
    const share = (test: (text: string) => boolean) =>
      texts.length === 0 ? 0 : texts.filter(test).length / texts.length;
    return {
      name,
      key: name.toLowerCase().replace(/[^\p{L}\d.]/gu, "").replace(/\.0$/, ""),
      filled: texts.length / table.length,
      length: texts.map(({ length }) => length).sort((a, b) => a - b)[texts.length >> 1] ?? 0,
      marked: share((text) => formatOf(text) !== null && markedAnswer(text) !== null),
      long: share((text) =>
        text.trim().split(/\s+/).length >= 4 || /=[^=]*[;\n]/.test(text) || /=.*=/.test(text)
      ),
      worked: share((text) => /[^<>=]=[^=]|\n\s*\S/.test(text)),
      wordy: share((text) => /\p{L}{2}/u.test(text)),
      distinct: new Set(values).size === values.length,
      variety: new Set(values).size / values.length,
      counts: values.every((value, i) => value !== null && Number(value) === Number(values[0]) + i),
      values,
    };
  });
}

/** The share of rows in which one column's text ends in another's. */
function endsIn(long: Column, short: Column): number {
  const isEnd = (text: string | null, i: number) => {
    const answer = short.values[i]?.trim();
    if (text === null || answer === undefined) return false;
    const end = text.trimEnd().replace(/[.!)\]}$*\s]+$/, "");
    const number = end.match(/-?\d[\d,]*(?:\.\d+)?/g)?.at(-1)?.replaceAll(",", "");
    return end.endsWith(answer) || number !== undefined && Number(number) === Number(answer);
  };
  return long.values.filter(isEnd).length / long.values.length;
}

function leaves(value: Record<string, unknown>, before: string, depth: number): string[] {
  return Object.entries(value).flatMap(([key, part]) => {
    const isNested = typeof part === "object" && part !== null && !(part instanceof Date) && depth > 1;
    const isPlain = isNested && (Array.isArray(part) || Object.getPrototypeOf(part) === Object.prototype);
    return isPlain ? leaves(part as Record<string, unknown>, `${before}${key}.`, depth - 1) : [before + key];
  });
}

function textOf(row: Record<string, unknown>, name: string): string | null {
  try {
    return lookUp(row, name) === undefined ? null : optionalText(row, name);
  } catch (error) {
    if (error instanceof RowFault) return null;
    throw error;
  }
}

/** The next column of a list; a comma before anything else is part of a name. */
const NEXT_COLUMN = new RegExp(`,(?=\\s*(?:${Object.keys(NAMES).join("|")})\\s*=)`);

/** `text=question,answer=gold, in numbers` as columns. */
export function parseColumns(text: string): Partial<Columns> {
  const columns: Partial<Columns> = {};
  for (const pair of text.split(NEXT_COLUMN)) {
    const [role = "", name = ""] = pair.split(/=(.*)/s).map((part) => part.trim());
    if (!(role in NAMES)) {
      throw new TypeError(
        `Cannot read --columns as "${pair.trim()}" must be one of ${
          Object.keys(NAMES).join(", ")
        }, = and a column`,
      );
    }
    columns[role as keyof Columns] = name;
  }
  return columns;
}
