// Changing a run while it runs. Whoever steers adds requests to steering.jsonl of the run directory; the loop takes
// them between two steps and writes each into events.jsonl under the number of completed steps, before the next step
// begins. A resumed run takes its learning rate and temperature from those events again, so it repeats the same steps.

import { closeSync, existsSync, fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { appendJsonl, readJsonl, writeJsonl } from "#shared/io/jsonl.ts";
import { fileError, readText } from "#shared/io/files.ts";
import { parse } from "#shared/schemas/parse.ts";
import { count, nonNegative, positive } from "#shared/schemas/values.ts";

const entries = {
  action: v.picklist(["pause", "resume", "checkpoint", "stop", "set"]),
  /** set: the peak of the schedule from now on. */
  learning_rate: v.optional(v.pipe(positive, v.maxValue(1))),
  /** set: the temperature of sampling and of the log-probs from now on. */
  temperature: v.optional(v.pipe(positive, v.maxValue(5))),
};
const settings = (r: { learning_rate?: number | undefined; temperature?: number | undefined }) =>
  [r.learning_rate, r.temperature].filter((value) => value !== undefined).length;

export const SteeringRequestSchema = v.pipe(
  v.strictObject(entries),
  v.check(
    (r) => r.action === "set" ? settings(r) > 0 : settings(r) === 0,
    "must have learning_rate or temperature with the action set, and only with it",
  ),
);
export type SteeringRequest = v.InferOutput<typeof SteeringRequestSchema>;

const EventSchema = v.strictObject({
  ...entries,
  /** Steps done when it was taken: it holds from the next step on. */
  step: count,
  /** Line of the request in steering.jsonl, from 1. */
  request: count,
  /** Seconds since 1970, for people; nothing depends on it. */
  at: nonNegative,
});
export type SteeringEvent = v.InferOutput<typeof EventSchema>;

/** Settings that a person has changed, in place of the recipe's: the peak of the learning rate, the temperature. */
export type Steered = Pick<SteeringRequest, "learning_rate" | "temperature">;

/** Settings that can be changed during a run. */
const STEERED = ["learning_rate", "temperature"] as const;

export interface SteeringOptions {
  /** Of these settings those that the run has. */
  steers?: readonly (typeof STEERED)[number][];
  /** Told of requests that have no effect. */
  log?: (line: string) => void;
}

const POLL_MS = 250;

/** Asks a run for something. */
export function requestSteering(run: string, request: SteeringRequest): void {
  appendJsonl(join(run, "steering.jsonl"), request);
}

/** What was done to a run, oldest first; an event that a kill cut short never took effect. */
export function readEvents(run: string): SteeringEvent[] {
  const path = join(run, "events.jsonl");
  if (!existsSync(path)) return [];
  return [...readJsonl(path, { dropTorn: true })]
    .map(({ value, line }) => parse(EventSchema, value, `${path}:${line}`));
}

/** Whether the last word was to pause. */
export function isPaused(events: readonly SteeringEvent[]): boolean {
  return events.findLast(({ action }) => action === "pause" || action === "resume")?.action === "pause";
}

export class Steering {
  readonly #run: string;
  readonly #events: SteeringEvent[];
  readonly #options: SteeringOptions;
  /** Lines of steering.jsonl that were looked at. */
  #looked: number;
  #save = false;
  #stop = false;

  /** @param run the run directory */
  constructor(run: string, options: SteeringOptions = {}) {
    this.#run = run;
    this.#options = options;
    this.#events = readEvents(run);
    // Made whole again, so that the next event begins a line of its own.
    if (this.#events.length > 0) writeJsonl(join(run, "events.jsonl"), this.#events);
    this.#looked = this.#events.at(-1)?.request ?? 0;
  }

  /** The settings that were changed for the step after `step`. Waits while the run is paused. */
  async settingsAt(step: number, signal: AbortSignal): Promise<Steered> {
    await this.#listen(step, signal);
    const steered: Steered = {};
    for (const { step: taken, learning_rate, temperature } of this.#events) {
      if (taken > step) continue;
      if (learning_rate !== undefined) steered.learning_rate = learning_rate;
      if (temperature !== undefined) steered.temperature = temperature;
    }
    return steered;
  }

  /** What is asked for at the end of a step: a checkpoint, the end of the run. Waits while the run is paused. */
  async asked(step: number, signal: AbortSignal): Promise<{ save: boolean; stop: boolean }> {
    await this.#listen(step, signal);
    const asked = { save: this.#save, stop: this.#stop };
    this.#save = this.#stop = false;
    return asked;
  }

  /** Takes new requests; while paused, until something is to be done. */
  async #listen(step: number, signal: AbortSignal): Promise<void> {
    this.#take(step);
    while (isPaused(this.#events) && !this.#save && !this.#stop && !signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      this.#take(step);
    }
  }

  #take(step: number): void {
    const path = join(this.#run, "steering.jsonl");
    if (!existsSync(path)) return;
    const lines = readText(path).split("\n").slice(0, -1); // the last one is empty, or still being written
    while (this.#looked < lines.length) {
      const line = ++this.#looked;
      const request = this.#read(lines[line - 1]!, `${path}:${line}`);
      if (request === null) continue;
      const event = { ...request, step, request: line, at: Date.now() / 1000 };
      this.#record(event);
      if (event.action === "checkpoint") this.#save = true;
      if (event.action === "stop") this.#stop = true;
    }
  }

  /** A request, or null with a word on why it is none. */
  #read(line: string, place: string): SteeringRequest | null {
    const { steers = STEERED, log = () => {} } = this.#options;
    try {
      const request = parse(SteeringRequestSchema, jsonOrNull(line), place);
      const without = STEERED.find((name) => request[name] !== undefined && !steers.includes(name));
      if (without === undefined) return request;
      log(`warning: ${place} has no effect as this run has no ${without} to change`);
    } catch (error) {
      log(`warning: ${(error as Error).message}: the request has no effect`);
    }
    return null;
  }

  /** On the disk before it takes effect. */
  #record(event: SteeringEvent): void {
    const path = join(this.#run, "events.jsonl");
    try {
      const file = openSync(path, "a");
      try {
        writeSync(file, `${JSON.stringify(event)}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    } catch (cause) {
      throw fileError("write", path, cause);
    }
    this.#events.push(event);
  }
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
