// init: a recipe to start from, complete and commented, from flags or from four questions. For a file of problems it
// finds the columns, looks at the solutions and the model, and writes nothing under which the right answer earns nothing.

import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parse as parseToml } from "smol-toml";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { ggufOf } from "#shared/io/gguf.ts";
import { makeDirectory } from "#shared/io/files.ts";
import { modelDirectory } from "#shared/io/model_directory.ts";
import { nearest, parse } from "#shared/schemas/parse.ts";
import { FAMILIES } from "#shared/schemas/recipe/data.ts";
import { STRATEGIES } from "../../ghpo/strategies/index.ts";
import { preflightOf } from "../../preflight/recipe.ts";
import { renderPreflight } from "../../preflight/table.ts";
import { RECIPES } from "../../run/recipe.ts";
import { type TrainRecipe, TrainRecipeSchema } from "../../run/train_recipe.ts";
import { choose, type RecipeChoice } from "./choose.ts";
import { ColumnsError, parseColumns } from "./columns.ts";
import { type Answers, fileRecipe, generatedRecipe } from "./text.ts";

export interface InitOptions {
  model?: string;
  data?: string;
  columns?: string;
  algorithm?: string;
  steps?: string;
  force?: boolean;
  json?: boolean;
}

/** The tiny model that ships, as seen from here. */
const TINY = relative(process.cwd(), join(RECIPES, "tiny-base"));

type Asked = Omit<Answers, "schema">;

const QUESTIONS: [key: keyof Asked, question: string, usual: string][] = [
  ["model", "Model directory (Hugging Face layout)", TINY],
  ["data", `Problems: a data file, or some of ${FAMILIES.join(", ")}`, "chain,addition,linear"],
  ["algorithm", `Algorithm: ${[...STRATEGIES.map(({ name }) => name), "sft"].join(", ")}`, "ghpo"],
  ["steps", "Optimizer steps", "60"],
];

export async function initCommand(file: string, options: InitOptions): Promise<void> {
  using terminal = process.stdin.isTTY && !options.json ? new Terminal() : null;
  await writeRecipe(file, options, terminal?.ask ?? null);
}

/** @param ask null: nobody is there, and what flags leave open has its usual value */
export async function writeRecipe(file: string, options: InitOptions, ask: Ask | null): Promise<void> {
  if (existsSync(file) && !options.force) {
    throw new Error(`Cannot write ${file} as it exists: add --force to replace it, or give another name`);
  }
  if (file.endsWith(".json")) {
    throw new Error(
      `Cannot write ${file} as the recipe is written with its comments, as TOML: name it .toml`,
    );
  }
  const schema = relative(resolve(dirname(file)), join(RECIPES, "train.schema.json"));
  const answers = { ...await answersOf(options, ask), schema };
  const choice = isFamilies(answers.data) ? null : await choiceFor(answers, options, ask);
  const text = choice === null ? generatedRecipe(answers, file) : fileRecipe(answers, choice, file);
  // Nothing is written that train would refuse.
  const recipe = parse(TrainRecipeSchema, parseToml(text), file);
  const report = existsSync(recipe.model) ? await preflightOf(recipe) : null;
  if (report !== null && report.faults.length > 0) {
    throw new Error(`Cannot write ${file} as ${report.faults.join("; and ")}`);
  }
  makeDirectory(dirname(file));
  writeFileAtomic(file, text);
  const next = `npm run -s ghpo -- train ${file}`;
  if (options.json) {
    console.log(
      JSON.stringify({ file, reasons: choice?.reasons ?? [], warnings: report?.warnings ?? [], next }),
    );
    return;
  }
  for (const reason of choice?.reasons ?? []) console.log(reason);
  if (report !== null) console.log(`\n${renderPreflight(report)}\n`);
  console.log(`${file}\nNext: ${next}`);
}

/** The recipe that `init` would write for a data file, and why. */
export async function recipeFor(
  data: string,
  options: Pick<InitOptions, "model" | "columns">,
): Promise<{ recipe: TrainRecipe; reasons: readonly string[] }> {
  const answers = { ...await answersOf({ ...options, data }, null), schema: "" };
  const choice = await choiceFor(answers, options, null);
  const text = fileRecipe(answers, choice, "recipe.toml");
  return { recipe: parse(TrainRecipeSchema, parseToml(text), data), reasons: choice.reasons };
}

/** Without --model, the tiny one where it can read the file. Columns that are not found are asked for. */
async function choiceFor(
  { data, model }: Answers,
  options: InitOptions,
  ask: Ask | null,
): Promise<RecipeChoice> {
  let columns = options.columns === undefined ? {} : parseColumns(options.columns);
  if (ggufOf(model) === undefined && !existsSync(join(model, "config.json"))) {
    throw new Error(
      `Cannot write a recipe for ${data} as ${model}/config.json does not exist: a model of the hub is fetched with ` +
        `npm run -s ghpo -- download ORG/NAME`,
    );
  }
  for (;;) {
    try {
      return await choose(data, model, columns);
    } catch (cause) {
      if (cause instanceof ColumnsError && ask !== null) {
        const more = await ask(`${cause.message}\nColumns, such as text=...,answer=...`, "");
        if (more === "") throw cause;
        columns = { ...columns, ...parseColumns(more) };
        continue;
      }
      if (options.model !== undefined || !(cause instanceof Error) || !/tokenizer/.test(cause.message)) {
        throw cause;
      }
      throw new Error(`${cause.message}: give a model that can, with --model DIR`, { cause });
    }
  }
}

/** Whether the problems are generated ones. Throws for words that are neither families nor a file. */
function isFamilies(data: string): boolean {
  const words = data.split(",").map((word) => word.trim());
  const stranger = words.find((word) => !(FAMILIES as readonly string[]).includes(word));
  if (stranger === undefined) return true;
  if (/[./*]/.test(data) || existsSync(data)) return false;
  throw new TypeError(
    `Cannot use the problems "${data}": give a file, or some of ${FAMILIES.join(", ")} (the nearest is ${
      nearest(stranger, FAMILIES)
    })`,
  );
}

/** Flags first; what they leave open is asked on a terminal and has its usual value elsewhere. */
async function answersOf(options: InitOptions, ask: Ask | null): Promise<Asked> {
  const answers: Asked = { model: "", data: "", algorithm: "", steps: "" };
  for (const [key, question, usual] of QUESTIONS) {
    answers[key] = options[key]?.trim() || usual;
    if (ask !== null && options[key] === undefined) answers[key] = await ask(question, usual);
  }
  if (existsSync(join(answers.model, "recipe.toml"))) answers.model = modelDirectory(answers.model);
  return answers;
}

/** Asks a person; an empty answer is the usual one. */
type Ask = (question: string, usual: string) => Promise<string>;

/** A person at a terminal. */
class Terminal implements Disposable {
  readonly #terminal = createInterface({ input: process.stdin, output: process.stderr });
  /** Lines that are pasted all at once wait for their questions here. */
  readonly #lines = this.#terminal[Symbol.asyncIterator]();

  readonly ask: Ask = async (question, usual) => {
    this.#terminal.setPrompt(usual === "" ? `${question}: ` : `${question} [${usual}]: `);
    this.#terminal.prompt();
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("Cannot write a recipe as the questions were left without an answer");
    return value.trim() || usual;
  };

  [Symbol.dispose](): void {
    this.#terminal.close();
  }
}
