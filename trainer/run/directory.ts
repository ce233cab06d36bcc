// What a run writes and where: recipe.toml (resolved), metrics.jsonl (one line a step), rollouts/step_NNNNNN.jsonl (the
// groups of a step) and checkpoints/. Everything but the checkpoints can be made again by continuing from one of them,
// so on resume whatever is newer than the checkpoint is truncated.

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { makeDirectory, readJson, readText, remove } from "#shared/io/files.ts";
import { appendJsonl, readJsonl, writeJsonl } from "#shared/io/jsonl.ts";
import { type Metrics, MetricsSchema } from "#shared/schemas/metrics.ts";
import { parse } from "#shared/schemas/parse.ts";
import type { Group } from "#shared/schemas/rollout.ts";
import { timestamp } from "#shared/schemas/values.ts";
import { checkpointName } from "./checkpoint.ts";

const BEGUN = "begun.json";
const BegunSchema = v.strictObject({
  begun_at: timestamp,
  /** Where the run was begun: what paths of its recipe are relative to. */
  cwd: v.optional(v.string()),
});

export class RunDirectory {
  readonly checkpoints: string;
  readonly metrics: string;
  readonly recipe: string;
  /** The memory plan, in bytes by what they are for. */
  readonly memory: string;
  readonly #rollouts: string;
  /** Bytes of the rollouts of each step, oldest first. */
  #sizes: Map<string, number> | undefined;

  /**
   * Paths only: nothing is made before `start`.
   * @param writes false: another process writes what this one would
   */
  constructor(readonly path: string, readonly writes = true) {
    this.checkpoints = join(path, "checkpoints");
    this.metrics = join(path, "metrics.jsonl");
    this.recipe = join(path, "recipe.toml");
    this.memory = join(path, "memory.json");
    this.#rollouts = join(path, "rollouts");
  }

  /** Makes the folder of a new run. Throws when it holds a run already. */
  start(recipe: string): void {
    if (existsSync(this.recipe)) {
      throw new Error(
        `Cannot start a run in ${this.path} as it holds one: add --resume to continue it, or choose another output_dir`,
      );
    }
    makeDirectory(this.#rollouts);
    writeJsonl(this.metrics, []);
    writeFileAtomic(
      join(this.path, BEGUN),
      JSON.stringify({ begun_at: new Date().toISOString(), cwd: process.cwd() }) + "\n",
    );
    writeFileAtomic(this.recipe, recipe);
  }

  /** The recipe from here on, where it differs as it may. */
  replaceRecipe(recipe: string): void {
    writeFileAtomic(this.recipe, recipe);
  }

  /** When the run was begun, ISO 8601; earlier versions left the time of its recipe only. */
  begun(): string {
    const path = join(this.path, BEGUN);
    if (!existsSync(path)) return statSync(this.recipe).mtime.toISOString();
    return parse(BegunSchema, readJson(path), path).begun_at;
  }

  /** The folder that paths of the recipe are relative to; null for a run of an earlier version. */
  begunIn(): string | null {
    const path = join(this.path, BEGUN);
    return existsSync(path) ? parse(BegunSchema, readJson(path), path).cwd ?? null : null;
  }

  /**
   * Whether no run has begun yet: its recipe is what `start` writes last. Who holds the lock may stand there, what a kill
   * left of a start, and the problems of a program.
   */
  isEmpty(): boolean {
    if (!existsSync(this.path)) return true;
    const isOfStart =
      /^(run\.lock|owner\.json|begun\.json|metrics\.jsonl|recipe\.toml\.|rollouts$|problems\.jsonl)/;
    return readdirSync(this.path).every((name) => isOfStart.test(name)) &&
      (!existsSync(this.metrics) || statSync(this.metrics).size === 0) &&
      (!existsSync(this.#rollouts) || readdirSync(this.#rollouts).length === 0);
  }

  /** The resolved recipe that the run was started with. */
  readRecipe(): string {
    if (!existsSync(this.recipe)) throw new Error(`Cannot resume ${this.path} as it holds no run`);
    return readText(this.recipe);
  }

  /** Cuts metrics and rollouts back to a step: what came after the checkpoint is going to be done again. */
  rewind(step: number): void {
    writeJsonl(this.metrics, this.readMetrics().filter((record) => record.step <= step));
    makeDirectory(this.#rollouts);
    for (const name of readdirSync(this.#rollouts)) {
      if (name > `${checkpointName(step)}.jsonl`) remove(join(this.#rollouts, name));
    }
  }

  /** All metrics records; a last line that a kill has cut short is left out. */
  readMetrics(): Metrics[] {
    const lines = [...readJsonl(this.metrics, { dropTorn: true })];
    return lines.map(({ value, line }) => parse(MetricsSchema, value, `${this.metrics}:${line}`));
  }

  appendMetrics(record: Metrics): void {
    if (!this.writes) return;
    appendJsonl(this.metrics, parse(MetricsSchema, record, "the metrics of a step"));
  }

  writeMemory(bytes: Record<string, number>): void {
    if (this.writes) writeFileAtomic(this.memory, JSON.stringify(bytes) + "\n");
  }

  /** @param mostBytes the oldest steps go where all take more; the newest always stays */
  writeRollouts(step: number, groups: readonly Group[], mostBytes = Infinity): void {
    if (!this.writes) return;
    const name = `${checkpointName(step)}.jsonl`;
    const path = join(this.#rollouts, name);
    writeJsonl(path, groups);
    if (mostBytes === Infinity) return;
    this.#sizes ??= new Map(
      readdirSync(this.#rollouts).sort().map((each) => [each, statSync(join(this.#rollouts, each)).size]),
    );
    this.#sizes.set(name, statSync(path).size);
    let total = [...this.#sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
    for (const [oldest, bytes] of this.#sizes) {
      if (total <= mostBytes || oldest === name) break;
      remove(join(this.#rollouts, oldest));
      this.#sizes.delete(oldest);
      total -= bytes;
    }
  }
}
