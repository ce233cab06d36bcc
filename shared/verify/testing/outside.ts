// Where the outside fixtures of the tests are, how to skip without them, and settings of long runs. Tests only.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** A number from the environment; the default where it is not set or may not be read. */
export function setting(name: string, otherwise: number): number {
  try {
    return Number(process.env[name] ?? otherwise);
  } catch {
    return otherwise; // Deno without --allow-env for this name
  }
}

const folder = process.env.GHPO_SHARED ?? "../shared";

/** Options of a test that needs an outside file: runs when it is there, else skips and says why. */
export function needs(path: string): { skip: string | false } {
  return { skip: existsSync(join(folder, path)) ? false : `${path} is not in GHPO_SHARED (${folder})` };
}

/** The rows of an outside JSON lines file. */
export function outsideRows<T>(path: string): T[] {
  const text = readFileSync(join(folder, path), "utf8");
  if (!path.endsWith(".jsonl")) return JSON.parse(text) as T[];
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as T);
}
