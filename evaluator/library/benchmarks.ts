// What the caller wants asked, as tasks: generated families by name, problems of their own with a grader of their own.

import { FAMILIES } from "#shared/schemas/recipe/data.ts";
import * as v from "valibot";
import { nearest, parse } from "#shared/schemas/parse.ts";
import { fraction, nonNegative, positiveCount } from "#shared/schemas/values.ts";
import { LETTERS } from "#shared/tasks/questions.ts";
import { syntheticTask } from "#shared/tasks/synthetic.ts";
import type { Prompt, Sampling } from "#shared/tasks/sampling.ts";
import type { OwnVerdict, Task } from "#shared/tasks/task.ts";
import { type PresetName, presets as graders } from "#shared/verify/presets.ts";

/** A problem with its gold answer; other keys are for the grader and the prompt. */
export interface OwnProblem {
  /** Unique in its benchmark. */
  id: string;
  question: string;
  /** Gold answer: LaTeX or text; a letter where there are `choices`. A grader of your own may do without. */
  answer?: string;
  /** Label by which the result is grouped. */
  level?: number | string | null;
  /** Number of lettered options (A, B, ...) that the question lists. */
  choices?: number;
  [key: string]: unknown;
}

/** How a grader judged an answer: whether it is right, or that with the answer that it found and why. */
export type Grade = boolean | {
  correct: boolean;
  /** The final answer, for majority votes; null where there is none. Default: the completion without outer spaces. */
  answer?: string | null;
  reason?: string;
};

/** Your own grader, which sees the problem as it was given. */
export type Grader<P extends OwnProblem = OwnProblem> = (
  problem: P,
  completion: string,
) => Grade | Promise<Grade>;

/** Your own problems, how they are asked and how answers are judged. */
export interface OwnBenchmark<P extends OwnProblem = OwnProblem> {
  name: string;
  title?: string;
  problems: readonly P[];
  /** The user's message, chat messages, or text to be continued. Default: the question. */
  prompt?: (problem: P) => string | Prompt;
  /** Preset of `@ghpo/verify` (default `report`), or a function. */
  grader?: PresetName | Grader<P>;
  /** Samples a problem (default 1). */
  samples?: number;
  /** Default: temperature 0, or 0.6 for several samples; top_p 1; 2,048 tokens; no stop strings. */
  sampling?: Partial<Sampling>;
}

/** The families of generated problems. */
export type FamilyName = "chain" | "addition" | "linear" | "gcd" | "product" | "fraction";

/** A family of generated problems, or your own problems. */
// deno-lint-ignore no-explicit-any -- a list may hold benchmarks of several kinds of problems
export type BenchmarkInput = FamilyName | OwnBenchmark<any>;

const SamplingSchema = v.strictObject({
  temperature: v.optional(v.pipe(nonNegative, v.maxValue(10))),
  top_p: v.optional(fraction),
  max_tokens: v.optional(positiveCount),
  stop: v.optional(v.array(v.pipe(v.string(), v.nonEmpty("must not be empty")))),
});

/** Settings that hold for the generated families. @internal */
export interface FamilyOptions {
  problemsSeed: number;
  perLevel: number | undefined;
  samples: number | undefined;
  sampling: Partial<Sampling>;
}

/** Refuses a setting that nothing would read. @internal */
export function requireSettings(given: object, known: readonly string[], what: string): void {
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) {
      throw new TypeError(
        `Cannot evaluate as ${what} has no setting ${key}: the nearest is ${nearest(key, known)}`,
      );
    }
  }
}

const BENCHMARK = ["name", "title", "problems", "prompt", "grader", "samples", "sampling"];

/** The tasks. Throws one sentence about the first thing that does not fit. @internal */
export function tasksOf(inputs: readonly BenchmarkInput[], options: FamilyOptions): Task[] {
  parse(SamplingSchema, options.sampling, "sampling");
  const tasks = inputs.map((input) =>
    typeof input === "string" ? familyTask(input, options) : ownTask(input)
  );
  if (tasks.length === 0) throw new RangeError("Cannot evaluate as there is no benchmark");
  const names = new Set<string>();
  for (const { name } of tasks) {
    if (names.has(name)) throw new RangeError(`Cannot evaluate as two benchmarks have the name ${name}`);
    names.add(name);
  }
  return tasks;
}

function familyTask(name: string, { problemsSeed, perLevel, samples, sampling }: FamilyOptions): Task {
  const families: readonly FamilyName[] = FAMILIES;
  const family = families.find((known) => known === name);
  if (family === undefined) {
    throw new RangeError(
      `Cannot evaluate ${name} as it is no family of generated problems: the nearest is ${
        nearest(name, FAMILIES)
      }`,
    );
  }
  const task = syntheticTask(family, problemsSeed, perLevel, samples);
  const temperature = task.samples > 1 ? 1 : task.sampling.temperature;
  return { ...task, sampling: { ...task.sampling, temperature, ...sampling } };
}

function ownTask<P extends OwnProblem>(benchmark: OwnBenchmark<P>): Task {
  const { name, title = name, problems, grader = "report", samples = 1, sampling, prompt } = benchmark;
  const refuse = (what: string): never => {
    throw new RangeError(`Cannot evaluate ${name} as ${what}`);
  };
  if (typeof name !== "string" || name === "") {
    throw new RangeError("Cannot evaluate as a benchmark has no name");
  }
  if (!Number.isInteger(samples) || samples < 1) {
    refuse(`samples must be a whole number from 1: current value is ${samples}`);
  }
  if (typeof grader !== "function" && !(grader in graders)) {
    refuse(`its grader ${grader} is not known: the nearest is ${nearest(grader, Object.keys(graders))}`);
  }
  requireSettings(benchmark, BENCHMARK, `benchmark ${name}`);
  parse(SamplingSchema, sampling ?? {}, `sampling of ${name}`);
  const byId = new Map<string, P>();
  for (const problem of problems) {
    if (typeof problem.id !== "string" || problem.id === "") refuse("a problem has no id");
    if (byId.has(problem.id)) refuse(`two problems have the id ${problem.id}`);
    if (typeof problem.question !== "string") refuse(`problem ${problem.id} has no question`);
    if (typeof grader !== "function" && !isAnswer(problem.answer)) {
      refuse(
        `problem ${problem.id} has no answer, a text: current value is ${JSON.stringify(problem.answer)}`,
      );
    }
    const { choices } = problem;
    if (choices !== undefined && !(Number.isInteger(choices) && choices >= 2 && choices <= LETTERS.length)) {
      refuse(`problem ${problem.id} must have 2 to ${LETTERS.length} choices: current value is ${choices}`);
    }
    byId.set(problem.id, problem);
  }
  if (byId.size === 0) refuse("it has no problem");
  const given = (id: string): P => byId.get(id) as P;
  return {
    name,
    title,
    preset: "library",
    problems: problems.map(({ id, question, answer = "", level = null, choices }) => ({
      ...{ id, text: question, answer, level },
      ...(choices === undefined ? {} : { choices }),
    })),
    samples,
    sampling: {
      ...{ temperature: samples > 1 ? 0.6 : 0, top_p: 1, max_tokens: 2048, stop: [] },
      ...sampling,
    },
    verify: typeof grader === "function" ? "report" : grader,
    ...(typeof grader === "function"
      ? {
        ownGrader: {
          name: grader.name || "own grader",
          grade: async ({ id }, completion) => verdictOf(await grader(given(id), completion), completion),
        },
      }
      : {}),
    prompt: ({ id, text }) => {
      const asked = prompt?.(given(id)) ?? text;
      return typeof asked === "string" ? { messages: [{ role: "user", content: asked }] } : asked;
    },
  };
}

function isAnswer(answer: unknown): boolean {
  return typeof answer === "string" && answer.trim() !== "";
}

function verdictOf(grade: Grade, completion: string): OwnVerdict {
  const { correct, answer = completion.trim() || null, reason = "" } = typeof grade === "boolean"
    ? { correct: grade }
    : grade;
  if (typeof correct !== "boolean") {
    throw new TypeError(`Cannot grade as a grader must answer true or false: current value is ${correct}`);
  }
  return { correct, answer, reason };
}
