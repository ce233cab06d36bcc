// What suits a file and a model: the form of answers, the grader, hints and lengths, each tried by the pre-flight until
// the reference solutions earn full marks.

import { dataFiles, dataRows, readProblems } from "#shared/io/problem_files.ts";
import { errorCode } from "#shared/io/files.ts";
import type { Row } from "#shared/problems/readers/rows.ts";
import type { Columns } from "#shared/problems/readers/table.ts";
import { parse } from "#shared/schemas/parse.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import { type AnswerFormat, formatOf } from "#shared/text/answer_format.ts";
import { GHPO_SYSTEM_PROMPT } from "#shared/text/prompts.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { TINY_HINT_GLUE } from "#shared/text/tiny_tokenizer.ts";
import { trainRequirements } from "../../preflight/requirements.ts";
import { type Preflight, preflight } from "../../preflight/preflight.ts";
import { modelFacts } from "../../preflight/recipe.ts";
import { TrainRecipeSchema } from "../../run/train_recipe.ts";
import { findColumns } from "./columns.ts";

/** Rows that the columns are found by. */
const LOOKED_AT = 500;
/** A model of fewer tokens knows the generated problems' own words only. */
export const TINY_VOCABULARY = 1000;
const MARGIN = 1.05;
/** Hints are cut at steps where every stage shows something new of at least this share of the solutions. */
const FEW_HINTS = 1 / 3;
/** Problems that the trials see. */
const TRIED = 400;

export interface Style {
  system: string;
  /** The user's turn with {question}, where the system turn cannot ask for the form; null: the problem alone. */
  user: string | null;
  functions: string[];
  /** Of the format reward; null without one. */
  format: "think_answer" | "hash" | null;
  preset: "strict" | "report";
}

/** The prompt of a base model: text that goes on with a solution. */
export const PLAIN = { chat_template: false, user: "Problem: {question}\n\nSolution: " };

export interface RecipeChoice {
  path: string;
  /** Whether the model has no chat template. */
  isPlain: boolean;
  format: "gsm8k" | "jsonl";
  columns: Columns;
  rows: number;
  held_out: number;
  style: Style;
  cut: "step" | "token";
  hinted: boolean;
  max_prompt_length: number;
  max_completion_length: number;
  drop: boolean;
  /** Sentences that say what was chosen and why. */
  reasons: string[];
}

const SYSTEM: Record<Exclude<AnswerFormat, "think">, string> = {
  think_answer: "ghpo",
  boxed: "Solve the problem step by step, and put the final answer in \\boxed{}.",
  hash: "Solve the problem step by step. The last line must be #### and the final answer.",
};

/** @throws Error of one sentence when nothing suits */
export async function choose(
  data: string,
  model: string,
  given: Partial<Columns>,
): Promise<RecipeChoice> {
  const { columns, unused, guessed, isGsm8k } = findColumns(await firstRows(data), given, data);
  const format = isGsm8k ? "gsm8k" : "jsonl";
  const { problems, errors } = await readProblems(data, format, columns);
  if (problems.length === 0) {
    throw new Error(`Cannot use ${data} as none of its rows fits: ${errors[0]?.reason}`);
  }
  const { context, eosIds, tokenizer, vocab_size } = modelFacts(model)!;
  if (tokenizer === null) throw new Error(`Cannot write a recipe for ${model} as it has no tokenizer.json`);
  const isTiny = vocab_size < TINY_VOCABULARY;
  const isPlain = !hasTemplate(tokenizer);
  const hint_glue = isTiny ? TINY_HINT_GLUE : "ghpo";
  const every = Math.ceil(problems.length / TRIED);
  const sample = problems.filter((_, i) => i % every === 0);
  const solved = problems.filter(({ trace }) => trace !== null).length;
  const hinted = solved >= problems.length / 2;

  const trial = async (
    rows: readonly Problem[],
    style: Style,
    cut: RecipeChoice["cut"],
  ): Promise<Preflight> => {
    const recipe = parse(TrainRecipeSchema, {
      model,
      output_dir: "trial",
      data: { path: data, on_long_prompt: "drop" },
      prompt: {
        system: style.system,
        max_prompt_length: context.tokens,
        ...(style.user !== null && { user: style.user }),
        ...(isPlain && PLAIN),
      },
      generation: { max_completion_length: 1 },
      ghpo: { hint_cut: cut, hint_glue, cold_start_steps: 0 },
      reward: rewardOf(style),
      train: { micro_batch_tokens: context.tokens + 1 },
    }, "the trial");
    const requirements = await trainRequirements(recipe, context);
    return await preflight({ problems: rows, errors: [], benchmarks: {}, requirements, tokenizer, eosIds });
  };
  const style = await bestStyle(
    stylesFor(problems, { isGsm8k, isTiny, isPlain }),
    (each) => trial(sample, each, "step"),
  );
  if (typeof style === "string") {
    throw new Error(`Cannot write a recipe for ${data} with ${model} as ${style}`);
  }

  const byStep = await trial(sample, style, "step");
  // A stage that shows few problems more than the one before samples the others again for nothing.
  const { stages, staged } = byStep.lengths!;
  const poor = stages.filter(({ hints }) => hints < FEW_HINTS * staged);
  const wishedCut = poor.length === 0 || !hinted ? "step" : "token";
  const wished = await trial(problems, style, wishedCut);
  // A tokenizer that does not give some solution back as it was cannot cut it at a token.
  const uncut = wishedCut === "token" && wished.lengths === null ? wished.faults.join("; ") : null;
  const cut = uncut === null ? wishedCut : "step";
  const { lengths, faults } = uncut === null ? wished : await trial(problems, style, cut);
  if (lengths === null) {
    throw new Error(`Cannot write a recipe for ${data} with ${model} as ${faults.join("; ")}`);
  }
  const spreads = [
    lengths.prompt_tokens!,
    ...lengths.stages.flatMap(({ prompt_tokens }) => prompt_tokens ?? []),
  ];
  const longest = Math.max(...spreads.map(({ max }) => max));
  // Counts far from a limit are within some percent.
  const roomy = MARGIN * longest;
  const usual = Math.max(...spreads.map(({ p95 }) => p95));
  const isLong = lengths.too_long.length > 0 || longest > 2 * usual + 64 || longest > context.tokens / 2;
  const target = lengths.target_tokens ?? { p95: 512, max: 800 };
  const wanted = upTo(Math.min(2 * target.p95, 1.25 * target.max + 16), 32);
  const plain = upTo(lengths.prompt_tokens!.p95, 32);
  // Where both do not fit, long hints are shortened before solutions are cut off.
  const room = Math.max(plain, context.tokens - wanted);
  const max_prompt_length = Math.min(upTo(isLong ? 1.25 * usual : roomy, 32), room, context.tokens - 32);
  const drop = lengths.too_long.length > 0 || lengths.prompt_tokens!.max > max_prompt_length;
  const max_completion_length = Math.max(16, Math.min(wanted, context.tokens - max_prompt_length));
  const held_out = problems.length < 20 ? 0 : Math.min(200, Math.floor(problems.length / 10));
  const left = errors.length === 0
    ? ""
    : `, ${
      errors.length === 1 ? "1 row does not fit and is" : `${errors.length} rows do not fit and are`
    } left out (${errors[0]!.reason})`;
  const reasons = [
    `data        ${problems.length} problems, ${solved} with a solution${left}`,
    `columns     ${columnsText(columns, isGsm8k)}${
      guessed.length === 0 || isGsm8k ? "" : ` (${guessed.join(" and ")} by what the columns hold)`
    }${unused.length === 0 ? "" : `; not used: ${unused.join(", ")}`}`,
    `answers     ${answersText(style)}`,
    ...(isPlain ? ["prompt      plain text, as the tokenizer has no chat template"] : []),
    hinted
      ? `hints       cut at each ${cut}: ${
        poor.length === 0
          ? "every stage shows more in at least a third of the solutions"
          : `at steps, ${
            poor.map(({ ratio, hints }) => `stage ${ratio} would show more in only ${hints}`).join(" and ")
          } of ${staged} solutions${uncut === null ? "" : `; ${uncut}`}`
      }`
      : "hints       none: most problems have no solution, so the algorithm is grpo",
    `lengths     prompts up to ${max_prompt_length} tokens (with hints the longest has about ${longest}${
      drop ? "; longer ones are left out" : ""
    }), completions up to ${max_completion_length} (${
      lengths.target_tokens === null
        ? "no solution shows how long they get"
        : `solutions have ${target.max} at most`
    })`,
    `held out    ${held_out} problems, evaluated on in the loop`,
  ];
  const choice = {
    path: data,
    format,
    columns,
    rows: problems.length,
    held_out,
    style,
    cut,
    hinted,
    isPlain,
  } as const;
  return { ...choice, max_prompt_length, max_completion_length, drop, reasons };
}

async function firstRows(data: string): Promise<Row[]> {
  const rows: Row[] = [];
  try {
    for (const file of dataFiles(data)) {
      for await (const row of dataRows(file)) {
        if (rows.push(row) >= LOOKED_AT) return rows;
      }
    }
  } catch (cause) {
    throw explained(data, cause);
  }
  return rows;
}

/** What a name that is no file may have meant. */
function explained(data: string, error: unknown): unknown {
  const code = errorCode(error instanceof Error ? error.cause : undefined);
  if (code === "EISDIR") {
    return new Error(
      `Cannot read ${data} as it is a directory: name a file, or a pattern such as ${data}/*.jsonl`,
    );
  }
  if (code === "ENOENT" && /^[\w-]+(?:\.[\w-]+)*\/[\w.-]+$/.test(data) && !/\.\w+$/.test(data)) {
    return new Error(
      `Cannot read ${data} as no file has that name: a data set of the hub is fetched with ` +
        `npm run -s ghpo -- download ${data} --dataset`,
    );
  }
  return error;
}

/** Styles to try, the likeliest first: the form that the solutions have, then the others. */
function stylesFor(
  problems: readonly Problem[],
  { isGsm8k, isTiny, isPlain }: { isGsm8k: boolean; isTiny: boolean; isPlain: boolean },
): Style[] {
  const counts = new Map<AnswerFormat, number>();
  for (const { trace } of problems) {
    const format = trace === null ? null : formatOf(trace.text);
    if (format !== null) counts.set(format, (counts.get(format) ?? 0) + 1);
  }
  if (isGsm8k) counts.set("hash", problems.length); // the reader has taken it off
  const own = [...counts].filter(([, count]) => count > problems.length / 2).map(([format]) => format);
  const order = [...new Set<AnswerFormat>([...own, "think_answer", "boxed", "hash"])].filter((f) =>
    f !== "think"
  );
  const styles = order.flatMap((form): Style[] =>
    (["strict", "report"] as const).map((preset) =>
      styleOf(form, SYSTEM[form as keyof typeof SYSTEM], preset)
    )
  );
  // A model of few words cannot be asked for a form; a template may have no system turn.
  if (isTiny) return [styleOf("hash", "", "strict"), ...styles];
  return isPlain ? styles : [...styles, ...styles.map(inUserTurn)];
}

function styleOf(form: AnswerFormat, system: string, preset: Style["preset"]): Style {
  const format = form === "think_answer" || form === "hash" ? form : null;
  const functions = format === null ? ["accuracy"] : ["accuracy", "format"];
  return { system, user: null, format, preset, functions };
}

function inUserTurn(style: Style): Style {
  const words = style.system === "ghpo" ? GHPO_SYSTEM_PROMPT : style.system;
  return { ...style, system: "", user: `{question}\n\n${words}` };
}

export function rewardOf({ functions, format, preset }: Style) {
  return {
    functions,
    weights: functions.map((name) => name === "format" ? 0.5 : 1),
    preset,
    ...(format && { format }),
  };
}

/** Of wrong rows a file may have so many: those whose solution ends in another answer. */
const WRONG_ROWS = 0.05;

/** The first style under which all references earn full marks, else the one with the most; or what is wrong with all. */
async function bestStyle(
  styles: readonly Style[],
  trial: (style: Style) => Promise<Preflight>,
): Promise<Style | string> {
  let best: Style | undefined;
  let most = 0;
  let fault: string | undefined;
  for (const style of styles) {
    const { faults, warnings, reference, problems } = await trial(style);
    const { full, failures } = reference!;
    fault ??= faults[0] ??
      (failures.length > 0 ? warnings.find((each) => each.includes("less than full marks")) : undefined);
    if (faults.length > 0 || failures.length > WRONG_ROWS * problems.length) continue;
    if (full === problems.length) return style;
    if (full > most) [best, most] = [style, full];
  }
  return best ?? fault ?? "no grader can read its answers";
}

function hasTemplate(tokenizer: Tokenizer): boolean {
  try {
    tokenizer.chat([{ role: "user", content: "." }]);
    return true;
  } catch (error) {
    return !(error instanceof TypeError && error.message.includes("has no chat template"));
  }
}

const upTo = (value: number, step: number) => Math.ceil(value / step) * step;

function columnsText(columns: Columns, isGsm8k: boolean): string {
  if (isGsm8k) return "those of GSM8K";
  const shown = (["text", "answer", "trace", "level", "id"] as const).filter((role) => columns[role] !== "");
  const from = columns.answer === "" ? ["answer from the end of the solution"] : [];
  return [...shown.map((role) => `${role} = ${columns[role]}`), ...from].join(", ");
}

function answersText({ format, preset, system, user }: Style): string {
  const form = format === "hash" ? "behind ####" : format === null ? "in \\boxed{}" : "between <answer> tags";
  return `${form}, graded by ${preset}: the reference solutions earn full marks so` +
    (user !== null ? "; asked for in the user's turn" : system === "" ? "; no system turn" : "");
}
