// Run directories as lists show them: found below the given folders, and summed up from recipe.toml, the end of
// metrics.jsonl, the events and the lock.

import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { basename, join, relative, resolve, sep } from "node:path";
import { parse as parseToml } from "smol-toml";
import { readText } from "#shared/io/files.ts";
import type { Alert } from "#shared/schemas/alerts.ts";
import { readAlerts } from "../alerts/watch.ts";
import { runningOwner } from "../run/lock.ts";
import { type Notes, readNotes } from "./notes.ts";
import { isPaused, readEvents } from "../run/steering.ts";

const STATUSES = ["running", "paused", "finished", "stopped"] as const;

export interface RunSummary {
  /** Short and different from all others. */
  name: string;
  path: string;
  kind: "train" | "sft";
  algorithm: string;
  model: string;
  step: number;
  max_steps: number;
  status: typeof STATUSES[number];
  /** Seconds of training. */
  time: number;
  /** The last held-out accuracy, else the last un-hinted one; null before the first. */
  accuracy: number | null;
  /** What the rules of trainer/alerts found, oldest first. */
  alerts: readonly Alert[];
  notes: Notes;
  /** When the metrics were last written, ISO 8601. */
  updated: string;
}

type Table = Record<string, unknown>;

const DEPTH = 4;
const TAIL_BYTES = 256 << 10;

/** The run directories among and below some folders, in the order of their paths. */
export function findRuns(folders: readonly string[]): string[] {
  const found = new Set<string>();
  const look = (folder: string, depth: number) => {
    if (existsSync(join(folder, "recipe.toml")) && existsSync(join(folder, "metrics.jsonl"))) {
      found.add(folder);
    } else if (depth > 0) {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (entry.isDirectory()) look(join(folder, entry.name), depth - 1);
      }
    }
  };
  for (const folder of folders) {
    const found = statSync(folder, { throwIfNoEntry: false });
    if (!found?.isDirectory()) {
      const reason = found ? "it is a file: give a run's folder, or one of runs" : "there is no such folder";
      throw new Error(`Cannot find runs in ${folder} as ${reason}`);
    }
    look(resolve(folder), DEPTH);
  }
  return [...found].sort();
}

/** The one run at a path, for commands that need exactly one. */
export function theRun(path: string): string {
  const runs = findRuns([path]);
  if (runs.length === 1) return runs[0]!;
  const names = runs.map((run) => relative(".", run)).join(", ");
  throw new Error(
    runs.length === 0
      ? `Cannot find a run in ${path}: a run directory holds recipe.toml and metrics.jsonl`
      : `Cannot choose among the runs in ${path}: give one of ${names}`,
  );
}

/** The last parts of each path that tell it from the others; two of a single one. */
export function shortNames(paths: readonly string[]): string[] {
  const tail = (path: string, parts: number) => path.split(sep).slice(-parts).join("/");
  return paths.map((path) => {
    for (let parts = paths.length === 1 ? 2 : 1; parts < 10; parts++) {
      if (paths.filter((other) => tail(other, parts) === tail(path, parts)).length === 1) {
        return tail(path, parts);
      }
    }
    return path;
  });
}

/** What a run was started with. */
export type RunPlan = Pick<RunSummary, "kind" | "algorithm" | "model" | "max_steps">;

export function planOfRun(path: string): RunPlan {
  const recipe = readRecipe(path);
  const model = String(recipe["model"] ?? "");
  if ("sft" in recipe) {
    return { kind: "sft", algorithm: "sft", model, max_steps: phaseSteps(table(recipe["sft"])["phases"]) };
  }
  const max_steps = Number(table(recipe["train"])["max_steps"] ?? 0);
  return { kind: "train", algorithm: String(recipe["algorithm"] ?? "ghpo"), model, max_steps };
}

/** How far a run has come by its metrics. */
export type Progress = Pick<RunSummary, "step" | "time" | "accuracy">;

/** A run as lists show it. Whoever has read its recipe and metrics already hands in what they say. */
export function summarise(
  path: string,
  name = basename(path),
  plan = planOfRun(path),
  progress = progressOf(path),
): RunSummary {
  const updated = statSync(join(path, "metrics.jsonl")).mtime.toISOString();
  const status = statusOf(path, progress.step, plan.max_steps);
  return {
    name,
    path,
    ...plan,
    ...progress,
    status,
    alerts: readAlerts(path),
    notes: readNotes(path),
    updated,
  };
}

function progressOf(path: string): Progress {
  const records = lastRecords(join(path, "metrics.jsonl"));
  const number = (key: string) => {
    const value = records.findLast((record) => typeof record[key] === "number")?.[key];
    return typeof value === "number" ? value : null;
  };
  const accuracy = number("eval_accuracy") ?? number("ghpo/accuracy_unhinted");
  return { step: number("step") ?? 0, time: number("time") ?? 0, accuracy };
}

function statusOf(path: string, step: number, maxSteps: number): RunSummary["status"] {
  if (runningOwner(path) !== null) return isPaused(readEvents(path)) ? "paused" : "running";
  return step >= maxSteps ? "finished" : "stopped";
}

/** The recipe that the run was started with, verbatim. */
function readRecipe(run: string): Table {
  return parseToml(readText(join(run, "recipe.toml")));
}

export function table(value: unknown): Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function phaseSteps(phases: unknown): number {
  return Array.isArray(phases)
    ? phases.reduce((sum, phase) => sum + Number(table(phase)["steps"] ?? 0), 0)
    : 0;
}

/** The records at the end of a metrics file, oldest first, without reading all of it. */
function lastRecords(path: string): Table[] {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(file, bytes, 0, bytes.length, size - bytes.length);
    const lines = bytes.toString("utf8").split("\n");
    return (bytes.length < size ? lines.slice(1) : lines).flatMap((line) => {
      try {
        return [table(JSON.parse(line))];
      } catch {
        return []; // the last line may still be being written
      }
    });
  } finally {
    closeSync(file);
  }
}
