// A benchmark of your own in ten lines of TOML:
//
//   name = "mine"
//   files = ["questions.csv"]            # next to this file; patterns and several files are allowed
//   columns = { text = "question", answer = "target", level = "difficulty" }
//   prompt = "{question}\nPut the final answer into \\boxed{}."
//   grader = "report"
//   samples = 4

import * as v from "valibot";
import { markedAnswer } from "#shared/problems/readers/answers.ts";
import { lookUp, missing, optionalText, RowFault } from "#shared/problems/readers/rows.ts";
import { fraction, name, nonNegative, positiveCount } from "#shared/schemas/values.ts";
import { type PresetName, presets as graders } from "#shared/verify/mod.ts";
import { onlyText } from "./benchmark.ts";
import { type BenchmarkProblem, LETTERS } from "./questions.ts";
import type { Prompt, Task } from "./task.ts";

/** The columns of a table of problems; names with dots reach into nested objects. */
export const ColumnsSchema = v.strictObject({
  id: v.optional(v.string(), "id"),
  text: v.optional(v.string(), "question"),
  /** Without such a column the answer is what the solution ends in ("#### ..." or \boxed{}). */
  answer: v.optional(v.string(), "answer"),
  solution: v.optional(v.string(), "solution"),
  level: v.optional(v.string(), "level"),
  /** A list of options; the answer is then a letter, an index from 0, or one of the options. */
  choices: v.optional(v.string()),
});
export type TaskColumns = v.InferOutput<typeof ColumnsSchema>;

const withQuestion = v.pipe(
  v.string(),
  v.check((text) => text.includes("{question}"), "must hold {question}, where the question goes"),
);

export const TaskFileSchema = v.strictObject({
  name,
  title: v.optional(name),
  files: v.pipe(v.array(name), v.minLength(1)),
  columns: v.optional(ColumnsSchema, {}),
  /** The user's message. */
  prompt: v.optional(withQuestion, "{question}"),
  system: v.optional(v.string()),
  /** Send the prompt as text to be continued, without a chat template. */
  base: v.optional(v.boolean(), false),
  grader: v.optional(v.picklist(Object.keys(graders) as PresetName[]), "report"),
  samples: v.optional(positiveCount, 1),
  temperature: v.optional(v.pipe(nonNegative, v.maxValue(10))),
  top_p: v.optional(fraction, 1),
  max_tokens: v.optional(positiveCount, 2048),
  stop: v.optional(v.array(name), []),
});
export type TaskFile = v.InferOutput<typeof TaskFileSchema>;

/** The problem of a row of any table. Throws RowFault for one that does not fit. */
export function tableProblem(
  row: Record<string, unknown>,
  index: number,
  columns: TaskColumns,
  source: string,
): BenchmarkProblem {
  const text = optionalText(row, columns.text) ?? missing(row, columns.text);
  const solution = optionalText(row, columns.solution);
  const written = lookUp(row, columns.answer) == null ? null : onlyText(row, columns.answer);
  // An answer column may hold a worked solution that ends in the answer, as GSM8K's does.
  const answer = written === null
    ? markedAnswer(solution ?? "")
    : written.includes("####")
    ? markedAnswer(written)
    : written;
  if (answer === null || answer.trim() === "") {
    if (written === null && solution === null) missing(row, columns.answer);
    throw new RowFault(
      `it has no answer ("#### ..." or \\boxed{}) in its ${
        written === null ? columns.solution : columns.answer
      }`,
    );
  }
  const level = lookUp(row, columns.level);
  return {
    id: optionalText(row, columns.id) ?? `${source}/${index}`,
    text: text.trim(),
    answer: answer.trim(),
    solution: solution ?? (written === answer ? null : written),
    level: levelOf(level),
    ...(columns.choices === undefined ? {} : withChoices(row, text.trim(), answer.trim(), columns.choices)),
  };
}

/** A number where it is one ("Level 5" is 5), else the label as it stands. */
function levelOf(level: unknown): number | string | null {
  if (level === undefined || level === null || level === "") return null;
  const digits = /^(?:level\s*)?(\d{1,9})$/i.exec(String(level).trim())?.[1];
  return digits === undefined ? String(level) : Number(digits);
}

function withChoices(row: Record<string, unknown>, question: string, answer: string, column: string) {
  const value = lookUp(row, column);
  // Hugging Face's layout of multiple-choice questions is {"text": [...], "label": [...]}.
  const options: unknown = Array.isArray(value)
    ? value
    : value == null
    ? missing(row, column)
    : Reflect.get(Object(value), "text");
  if (!Array.isArray(options) || options.length < 2 || options.length > LETTERS.length) {
    throw new RowFault(`its ${column} must be a list of 2 to ${LETTERS.length} options`);
  }
  const texts = options.map((option) => String(option).trim());
  const letters = LETTERS.slice(0, texts.length);
  const index = texts.includes(answer)
    ? texts.indexOf(answer)
    : /^\d+$/.test(answer)
    ? Number(answer)
    : letters.indexOf(answer.toUpperCase());
  const letter = letters[index];
  if (letter === undefined) {
    throw new RowFault(
      `its answer "${answer}" is none of its ${texts.length} options, neither by letter, index nor text`,
    );
  }
  const listed = texts.map((option, i) => `${letters[i]}) ${option}`).join("\n");
  return { text: `${question}\n\n${listed}`, answer: letter, choices: texts.length };
}

/** The task of a file whose problems are read. */
export function taskOfFile(file: TaskFile, problems: readonly BenchmarkProblem[]): Task {
  const { temperature = file.samples > 1 ? 0.6 : 0, top_p, max_tokens, stop } = file;
  const asked = ({ text }: BenchmarkProblem): string => file.prompt.split("{question}").join(text);
  const system = file.system ? [{ role: "system" as const, content: file.system }] : [];
  return {
    name: file.name,
    title: file.title ?? file.name,
    preset: "task file",
    problems,
    samples: file.samples,
    sampling: { temperature, top_p, max_tokens, stop },
    verify: file.grader,
    prompt: (problem): Prompt =>
      file.base
        ? { text: asked(problem) }
        : { messages: [...system, { role: "user", content: asked(problem) }] },
  };
}
