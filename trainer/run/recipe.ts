// Recipes: a TOML or JSON file and flags on top of it, checked by the schema, which also fills in the defaults.
// A flag is a dotted key and a TOML value (`--optimizer.learning_rate 1e-5`, `--data.families '["chain"]'`); a value
// that is no TOML is taken as a string, so that `--algorithm grpo` needs no quotes.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parse as parseToml, stringify as stringifyToml } from "smol-toml";
import type * as v from "valibot";
import { readJson, readText } from "#shared/io/files.ts";
import { readToml } from "#shared/io/toml.ts";
import { modelDirectory } from "#shared/io/model_directory.ts";
import { nearest, parse } from "#shared/schemas/parse.ts";
import { foreignSetting, type Override, settingPath } from "./flags.ts";

export const RECIPES = fileURLToPath(new URL("../recipes", import.meta.url));

/**
 * The resolved recipe: defaults, then the file, then the flags.
 *
 * @param file A path, or the name of a recipe that ships with the project.
 */
export function loadRecipe<const S extends v.GenericSchema>(
  schema: S,
  file: string,
  overrides: readonly Override[],
): v.InferOutput<S> {
  const path = findRecipe(file);
  const value = readRecipe(path);
  if (path.startsWith(RECIPES)) rebase(value);
  expandReward(value);
  for (const [key, text] of overrides) setKey(value, settingPath(schema, key), tomlValue(text));
  return resolveRecipe(schema, value, overrides.length === 0 ? file : `${file} with the flags`);
}

/** The resolved recipe of an object, which is changed; `name` is what errors call it. */
export function resolveRecipe<const S extends v.GenericSchema>(
  schema: S,
  value: Record<string, unknown>,
  name: string,
): v.InferOutput<S> {
  expandReward(value);
  findModel(value);
  const foreign = Object.keys(value).flatMap((key) => foreignSetting(schema, key) ?? [])[0];
  if (foreign !== undefined) throw new TypeError(`Cannot read ${name} as ${foreign}`);
  return parse(schema, value, name);
}

/** The model of a recipe may be a run: its best checkpoint, or its newest one, is meant then. */
function findModel(value: Record<string, unknown>): void {
  const { model } = value;
  if (typeof model === "string" && existsSync(join(model, "recipe.toml"))) {
    value["model"] = modelDirectory(model);
  }
}

/** Whether a name is that of a recipe rather than of a data file: TOML, JSON with a table [data], or no file at all. */
export function isRecipe(file: string): boolean {
  if (/[*?[\]{}]/.test(file)) return false;
  if (!existsSync(file) || file.endsWith(".toml")) return true;
  if (!file.endsWith(".json") || !/^\s*\{/.test(readText(file))) return false;
  try {
    return isTable(Object(readJson(file))["data"]);
  } catch {
    return false; // JSON Lines by another name
  }
}

/** Whether a recipe is one of supervised fine-tuning. */
export function isSftRecipe(file: string): boolean {
  return "sft" in readRecipe(findRecipe(file));
}

/**
 * `reward = ["accuracy", "./mine.ts"]` is short for a table with these functions. Functions without weights get the
 * default ones: 0.5 for the format, 1 for any other.
 */
function expandReward(value: Record<string, unknown>): void {
  if (Array.isArray(value["reward"])) value["reward"] = { functions: value["reward"] };
  const { reward } = value;
  if (!isTable(reward) || !Array.isArray(reward["functions"]) || reward["weights"] !== undefined) return;
  reward["weights"] = reward["functions"].map((name) => name === "format" ? 0.5 : 1);
}

/** The recipe as a TOML text that resolves to the same recipe. Settings that are null are left out: TOML has no null. */
export function formatRecipe(recipe: Record<string, unknown>): string {
  return stringifyToml(withoutNulls(recipe)) + "\n";
}

export interface Difference {
  name: string;
  first: string;
  second: string;
}

/** The first setting in which two recipe texts differ, or null. */
export function differingKey(a: string, b: string): Difference | null {
  return differences(a, b)[0] ?? null;
}

/** The settings in which two recipe texts differ; where the outputs go makes no difference. */
export function differences(a: string, b: string): Difference[] {
  const first = flat(parseToml(a));
  const second = flat(parseToml(b));
  return [...new Set([...Object.keys(first), ...Object.keys(second)])]
    .filter((name) => name !== "output_dir" && !name.startsWith("alerts.") && first[name] !== second[name])
    .map((name) => ({ name, first: first[name] ?? "not set", second: second[name] ?? "not set" }));
}

/** Every setting of a recipe by its dotted name, as text. */
export function settingsOf(recipe: Record<string, unknown>): Record<string, string> {
  return flat(parseToml(formatRecipe(recipe)));
}

function flat(table: Record<string, unknown>, prefix = ""): Record<string, string> {
  return Object.assign(
    {},
    ...Object.entries(table).map(([key, value]) =>
      isTable(value) ? flat(value, `${prefix}${key}.`) : { [prefix + key]: JSON.stringify(value) }
    ),
  );
}

function findRecipe(file: string): string {
  const bundled = join(RECIPES, `${file}.toml`);
  if (existsSync(file)) return file;
  if (existsSync(bundled)) return bundled;
  const names = [...new Bun.Glob("*.toml").scanSync(RECIPES)].map((name) => name.replace(".toml", "")).sort();
  throw new Error(
    `Cannot find the recipe ${file}: give a path, or one of ${names.join(", ")} (the nearest is ${
      nearest(file, names)
    })`,
  );
}

/** Recipes are TOML, or JSON by their name. */
function readRecipe(path: string): Record<string, unknown> {
  if (!path.endsWith(".json")) return readToml(path);
  const value = readJson(path);
  if (isTable(value)) return value;
  throw new TypeError(`Cannot read ${path} as it must be an object`);
}

/** The paths in a recipe that ships are those of the project, wherever it is used from. */
function rebase(value: Record<string, unknown>): void {
  const root = join(RECIPES, "..", "..");
  if (process.cwd() === resolve(root)) return;
  const inRoot = (path: unknown) => typeof path === "string" ? join(root, path) : path;
  value["model"] = inRoot(value["model"]);
  const { data, reward } = value;
  if (isTable(data) && data["path"] !== undefined) data["path"] = inRoot(data["path"]);
  if (isTable(reward) && Array.isArray(reward["functions"])) {
    reward["functions"] = reward["functions"].map((name) => /\.[jt]s$/.test(name) ? inRoot(name) : name);
  }
}

function tomlValue(text: string): unknown {
  if (text === "True" || text === "False") return text === "True"; // as Python's command lines have it
  try {
    return parseToml(`value = ${text}`)["value"];
  } catch {
    return text;
  }
}

function setKey(object: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [head, ...tail] = path as [string, ...string[]];
  if (tail.length === 0) {
    const before = object[head];
    // A table changes the settings that it names.
    if (isTable(value) && isTable(before)) {
      for (const [key, inner] of Object.entries(value)) setKey(before, [key], inner);
    } else object[head] = value;
    return;
  }
  const inner = isTable(object[head]) ? object[head] : {};
  object[head] = inner;
  setKey(inner, tail, value);
}

function withoutNulls(value: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(entries.map(([key, item]) => [key, isTable(item) ? withoutNulls(item) : item]));
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
