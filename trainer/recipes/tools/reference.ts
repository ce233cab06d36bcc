// The reference of all settings, README.md, and the JSON Schemas for editors, train.schema.json and sft.schema.json: the
// valibot schemas with the comments that stand in front of their keys.
//
//   bun trainer/recipes/tools/reference.ts       writes the three; a test keeps them equal

import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { readText } from "#shared/io/files.ts";
import { SftRecipeSchema } from "#shared/schemas/recipe/sft.ts";
import { TrainRecipeSchema } from "../../run/train_recipe.ts";

const FOLDER = fileURLToPath(new URL("..", import.meta.url));
const ROOT = join(FOLDER, "..", "..");
const RECIPE = "shared/schemas/recipe";
const STRATEGIES = readdirSync(join(ROOT, "trainer/ghpo/strategies"))
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts")).sort()
  .map((name) => `trainer/ghpo/strategies/${name}`);

/** Where the comments of a table's keys are: files, or a declaration in one. */
const SOURCES: Record<string, string[]> = {
  "": [`${RECIPE}/run.ts#runEntries`, `${RECIPE}/train.ts#trainEntries`, `${RECIPE}/sft.ts#SftRecipeSchema`],
  data: [`${RECIPE}/data.ts#DataSchema`],
  columns: [`${RECIPE}/data.ts#ColumnsSchema`],
  prompt: [`${RECIPE}/data.ts#PromptSchema`],
  generation: [`${RECIPE}/rollouts.ts#GenerationSchema`],
  ghpo: [`${RECIPE}/rollouts.ts#hintEntries`, ...STRATEGIES],
  baseline: STRATEGIES,
  reward: [`${RECIPE}/rollouts.ts#RewardSchema`],
  loss: [`${RECIPE}/learning.ts#lossEntries`],
  lora: [`${RECIPE}/learning.ts#LoraSchema`],
  optimizer: [`${RECIPE}/learning.ts#optimizerEntries`],
  train: [`${RECIPE}/learning.ts#TrainSchema`],
  eval: [`${RECIPE}/data.ts#EvalSchema`],
  checkpoint: [`${RECIPE}/run.ts#CheckpointSchema`, `${RECIPE}/run.ts#TrainCheckpointSchema`],
  alerts: ["shared/schemas/alerts.ts#AlertsSchema"],
  sft: [`${RECIPE}/sft.ts#SftRecipeSchema`],
  phases: [`${RECIPE}/sft.ts#SftPhaseSchema`],
};

interface JsonSchema {
  type?: string;
  description?: string;
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  enum?: unknown[];
  default?: unknown;
  [key: string]: unknown;
}

/** The JSON Schema of a recipe, every setting with what its comment says. */
function jsonSchema(schema: v.GenericSchema, title: string): JsonSchema {
  const converted = toJsonSchema(schema, { errorMode: "ignore", typeMode: "input" }) as JsonSchema;
  describe(converted, "");
  return { title, ...converted };
}

function describe(schema: JsonSchema, table: string): void {
  for (const [key, setting] of Object.entries(schema.properties ?? {})) {
    if (setting["maximum"] === Number.MAX_SAFE_INTEGER) delete setting["maximum"];
    const comment = commentOf(table, key);
    if (comment !== null) setting.description = comment;
    const inner = tableOf(setting);
    if (inner !== undefined) describe(inner, key);
  }
}

/** The table that a setting is, or has in a list or instead of null. */
function tableOf(setting: JsonSchema): JsonSchema | undefined {
  if (setting.properties !== undefined) return setting;
  if (setting.items?.properties !== undefined) return setting.items;
  return setting.anyOf?.find(({ properties }) => properties !== undefined);
}

/** The comment in front of a key; null without one. Throws where the key is in none of the table's sources. */
function commentOf(table: string, key: string): string | null {
  const sources = SOURCES[table];
  if (sources === undefined) throw new Error(`Cannot describe [${table}] as SOURCES names no place for it`);
  for (const source of sources) {
    const found = new RegExp(`(?:/\\*\\*((?:(?!\\*/)[^])*)\\*/\\s*)?\\n\\s*${key}(?:,|:)`).exec(
      textOf(source),
    );
    if (found === null) continue;
    return found[1]?.replace(/\s*\n\s*\* ?/g, " ").trim() ?? null;
  }
  if (table === "" || key === "loss_type" || key === "learning_rate") return null;
  throw new Error(`Cannot describe ${table}.${key} as none of ${sources.join(", ")} declares it`);
}

/** A file, or from a declaration in it to the next one. */
function textOf(source: string): string {
  const [file, name] = source.split("#") as [string, string?];
  const text = readText(join(ROOT, file));
  if (name === undefined) return text;
  const start = text.search(new RegExp(`^(?:export )?const ${name}\\b`, "m"));
  if (start < 0) throw new Error(`Cannot describe recipes as ${file} has no ${name}`);
  const end = text.slice(start + 1).search(/^(?:export )?(?:const|type|interface|function) /m);
  return end < 0 ? text.slice(start) : text.slice(start, start + 1 + end);
}

/** All settings as tables. */
function markdown(train: JsonSchema, sft: JsonSchema): string {
  return `# Recipes

A recipe is a TOML (or JSON) file of these settings. Every setting is a flag, too, by its full name or, where that is the
only one, its last word: \`--optimizer.learning_rate 1e-5\` or \`--learning_rate 1e-5\`. What is left out has its default;
\`--dry-run\` prints them all. Editors complete and check recipes that begin with \`#:schema\` and the path of
[train.schema.json](train.schema.json) or [sft.schema.json](sft.schema.json).

The recipes of this folder: ${recipeNames().map((name) => `[${name}](${name}.toml)`).join(", ")}.

This page is made from the schemas by \`bun trainer/recipes/tools/reference.ts\`.

# Settings of \`train\`

${tables(train)}
# Settings of \`sft\`

Those of [data], [prompt], [eval], [checkpoint] and [alerts] are the same as above.

${tables(sft, new Set(Object.keys(train.properties!).filter((key) => !["optimizer"].includes(key))))}`;
}

function recipeNames(): string[] {
  return readdirSync(FOLDER).filter((name) => name.endsWith(".toml")).map((name) => basename(name, ".toml"))
    .sort();
}

function tables(schema: JsonSchema, left: ReadonlySet<string> = new Set()): string {
  const settings = Object.entries(schema.properties!).filter(([key]) => !left.has(key));
  const flat = settings.filter(([, setting]) => tableOf(setting) === undefined);
  const nested = settings.filter(([, setting]) => tableOf(setting) !== undefined);
  return [
    ...(flat.length === 0 ? [] : [table(flat)]),
    ...nested.flatMap(([key, setting]) => section(key, setting)),
  ].join("\n");
}

function section(name: string, setting: JsonSchema): string[] {
  const heading = setting.items === undefined ? `[${name}]` : `[[${name}]]`;
  const entries = Object.entries(tableOf(setting)!.properties!);
  const about = setting.description === undefined ? [] : [`${setting.description}\n`];
  const inner = entries.filter(([, each]) => tableOf(each) !== undefined && each.anyOf === undefined);
  return [
    `## ${heading}\n`,
    ...about,
    table(entries.filter((entry) => !inner.includes(entry))),
    ...inner.flatMap(([key, each]) => section(`${name}.${key}`, each)),
  ];
}

function table(entries: readonly [string, JsonSchema][]): string {
  const rows = entries.map(([key, setting]) => {
    const cells = [`\`${key}\``, valuesOf(setting), defaultOf(setting), setting.description ?? ""];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return ["| setting | values | default | meaning |", "|---|---|---|---|", ...rows, ""].join("\n");
}

function valuesOf(setting: JsonSchema): string {
  const { enum: choices, type, anyOf, items, minimum, maximum, exclusiveMinimum } = setting;
  if (choices !== undefined) return choices.map((choice) => String(choice)).join(", ");
  if (anyOf !== undefined) return anyOf.filter((each) => each.type !== "null").map(valuesOf).join(" or ");
  if (type === "array") return `list of ${valuesOf(items ?? {})}`;
  if (type !== "integer" && type !== "number") return type === "object" ? "table" : type ?? "any";
  if (minimum !== undefined && maximum !== undefined) {
    return `${type === "integer" ? "whole number " : ""}${minimum} to ${maximum}`;
  }
  const bounds = [
    ...(minimum === undefined ? [] : [`>= ${minimum}`]),
    ...(exclusiveMinimum === undefined ? [] : [`> ${exclusiveMinimum}`]),
    ...(maximum === undefined ? [] : [`<= ${maximum}`]),
  ];
  return [type === "integer" ? "whole number" : "number", ...bounds].join(" ");
}

function defaultOf(setting: JsonSchema): string {
  if (!("default" in setting)) return "required";
  return setting.default === null ? "none" : `\`${JSON.stringify(setting.default)}\``;
}

/** The files by name. */
export function referenceFiles(): Record<string, string> {
  const train = jsonSchema(TrainRecipeSchema, "A recipe of train");
  const sft = jsonSchema(SftRecipeSchema, "A recipe of sft");
  const text = (schema: JsonSchema) => `${JSON.stringify(schema, null, 2)}\n`;
  return {
    "README.md": markdown(train, sft).trimEnd() + "\n",
    "train.schema.json": text(train),
    "sft.schema.json": text(sft),
  };
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(referenceFiles())) writeFileAtomic(join(FOLDER, name), text);
}
