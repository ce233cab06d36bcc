// In which settings the recipes of some runs differ: the columns that tell thirty runs apart.

import { join } from "node:path";
import { parse as parseToml } from "smol-toml";
import { readText } from "#shared/io/files.ts";
import { table } from "./runs.ts";

export interface Differences {
  /** Dotted names of the settings, in the order of the recipes. */
  keys: string[];
  /** Run id -> setting -> value as TOML writes it; a setting that a recipe does not have is missing. */
  values: Record<string, Record<string, string>>;
}

/** Where a run writes and what watches it are no settings that a person compares. */
const LEFT_OUT = /^(output_dir$|alerts\.)/;

export function recipeDifferences(runs: readonly { id: string; path: string }[]): Differences {
  const flats = runs.map(({ id, path }) => ({
    id,
    flat: flatten(parseToml(readText(join(path, "recipe.toml")))),
  }));
  const all = [...new Set(flats.flatMap(({ flat }) => Object.keys(flat)))].filter((key) =>
    !LEFT_OUT.test(key)
  );
  const keys = all.filter((key) => new Set(flats.map(({ flat }) => flat[key])).size > 1);
  const chosen = (flat: Record<string, string>) =>
    Object.fromEntries(keys.filter((key) => flat[key] !== undefined).map((key) => [key, flat[key]!]));
  return { keys, values: Object.fromEntries(flats.map(({ id, flat }) => [id, chosen(flat)])) };
}

function flatten(value: Record<string, unknown>, prefix = ""): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [key, item] of Object.entries(value)) {
    const isTable = typeof item === "object" && item !== null && !Array.isArray(item);
    if (isTable) Object.assign(flat, flatten(table(item), `${prefix}${key}.`));
    else flat[prefix + key] = typeof item === "string" ? item : JSON.stringify(item);
  }
  return flat;
}
