// Settings that may differ when a run is resumed: a run may be extended, and saved as often as one likes.

import { differences } from "./recipe.ts";

/** Lengths that decide, with data.on_long_prompt "drop", which problems are left out. */
export const LENGTHS = ["prompt.max_prompt_length", "generation.max_completion_length"];
/** Limits: any value from the recipe's on. */
const EXTENDABLE = ["train.max_steps", ...LENGTHS];
/** What changes no number. */
const FREE = ["checkpoint.save_every", "checkpoint.keep", "checkpoint.max_rollouts_gb", "report_to"];
/** Steps may be added to the last phase, and phases behind it. */
const PHASES = "sft.phases";

interface Phase {
  steps: number;
}

interface ChangedSetting {
  name: string;
  sentence: string;
}

/** A resolved recipe without the settings above: what a checkpoint's digest is of. */
export function withoutResumableSettings(recipe: Record<string, unknown>): Record<string, unknown> {
  const copy = structuredClone(recipe) as Record<string, Record<string, unknown>>;
  for (const name of [...EXTENDABLE, ...FREE, PHASES]) {
    const [table, key] = name.split(".") as [string, string?];
    if (key === undefined) delete copy[table];
    else if (copy[table]) copy[table] = { ...copy[table], [key]: null };
  }
  return copy;
}

/**
 * Compares the recipe that a run was begun with and the one it is resumed with, as TOML.
 * @returns the name of each setting that differs as it may, and a sentence
 * @throws Error that names the first that may not
 */
export function changedSettings(begun: string, now: string, path: string): ChangedSetting[] {
  return differences(begun, now).map(({ name, first, second }) => {
    if (FREE.includes(name) || (EXTENDABLE.includes(name) && Number(second) >= Number(first))) {
      return { name, sentence: `${name} is ${second} from here on, was ${first}` };
    }
    if (name === PHASES && extendsPhases(JSON.parse(first), JSON.parse(second))) {
      return { name, sentence: `${name} are longer from here on` };
    }
    const most = EXTENDABLE.includes(name) ? `at least ${first}` : first;
    throw new Error(
      `Cannot resume ${path} as ${name} must be ${most}, as in its recipe: current value is ${second}`,
    );
  });
}

function extendsPhases(before: readonly Phase[], now: readonly Phase[]): boolean {
  const last = before.length - 1;
  return before.every((phase, i) => {
    const steps = i === last ? Math.max(phase.steps, now[i]?.steps ?? 0) : phase.steps;
    return JSON.stringify({ ...phase, steps }) === JSON.stringify(now[i] ?? null);
  });
}
