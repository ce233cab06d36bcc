// Watches a run: after every step it asks each rule, and during a step whether it has stalled. An alert is a line in
// the terminal, one in RUN/alerts.jsonl, and a notification. While a rule keeps holding, it is not reported again.

import { existsSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { appendJsonl, readJsonl, writeJsonl } from "#shared/io/jsonl.ts";
import { type Alert, type AlertRule, AlertSchema, type AlertSettings } from "#shared/schemas/alerts.ts";
import type { Metrics } from "#shared/schemas/metrics.ts";
import { parse } from "#shared/schemas/parse.ts";
import type { Status } from "../run/progress.ts";
import { isPaused, readEvents } from "../run/steering.ts";
import { extend, type History, NO_HISTORY } from "./history.ts";
import { Notifier } from "./notify.ts";
import { type Facts, type RecipeFacts, RULES } from "./rules.ts";

const LOOK_MS = 5000;

/** The alerts of a run, oldest first. */
export function readAlerts(run: string): Alert[] {
  const path = join(run, "alerts.jsonl");
  if (!existsSync(path)) return [];
  return [...readJsonl(path, { dropTorn: true })]
    .map(({ value, line }) => parse(AlertSchema, value, `${path}:${line}`));
}

/** Alert by alert as one line of the terminal. */
export function alertLine({ rule, step, message, advice }: Alert): string {
  return `alert ${rule} at step ${step}: ${message}. Try: ${advice}`;
}

export interface WatchedRun {
  path: string;
  settings: AlertSettings;
  facts: RecipeFacts;
  /** Milliseconds; replaced in tests. */
  now?: () => number;
}

export class Watch implements AsyncDisposable {
  readonly alerts: Alert[];
  readonly #run: WatchedRun;
  readonly #status: Pick<Status, "log">;
  readonly #notifier: Notifier;
  readonly #raised = new Set<AlertRule>();
  readonly #timer: ReturnType<typeof setInterval>;
  #history: History = NO_HISTORY;
  #step: number;
  #intervals: number[] = [];
  readonly #now: () => number;
  #last: number;

  /**
   * @param records of the earlier parts of a resumed run, truncated to the step from which it continues
   * @throws Error when the webhook's environment variable is not set
   */
  constructor(run: WatchedRun, status: Pick<Status, "log">, records: readonly Metrics[]) {
    this.#run = run;
    this.#status = status;
    this.#now = run.now ?? (() => performance.now());
    this.#last = this.#now();
    this.#notifier = new Notifier(run.settings, (line) => status.log(line));
    for (const record of records) this.#history = extend(this.#history, record, run.settings.patience);
    this.#step = records.at(-1)?.step ?? 0;
    this.alerts = readAlerts(run.path).filter(({ step }) => step <= this.#step);
    if (existsSync(this.#file)) writeJsonl(this.#file, this.alerts);
    this.#timer = setInterval(() => this.look(), LOOK_MS);
    this.#timer.unref();
  }

  get #file(): string {
    return join(this.#run.path, "alerts.jsonl");
  }

  /** Takes the metrics of a step, just after they were written. */
  observe(record: Metrics): void {
    const now = this.#now();
    const { patience } = this.#run.settings;
    if (record.step > 1) this.#intervals = [...this.#intervals, (now - this.#last) / 1000].slice(-patience);
    this.#last = now;
    this.#step = record.step;
    this.#history = extend(this.#history, record, patience);
    this.#judge(Object.keys(RULES) as AlertRule[], 0);
  }

  /** Called every few seconds during a step. A pause is no stall, and the wait begins anew after it. */
  look(): void {
    if (isPaused(readEvents(this.#run.path))) this.#last = this.#now();
    this.#judge(["stalled_step"], (this.#now() - this.#last) / 1000);
  }

  #judge(rules: readonly AlertRule[], waiting: number): void {
    const { settings, path } = this.#run;
    const facts: Facts = {
      ...this.#run.facts,
      waiting,
      intervals: this.#intervals,
      disk_free: freeBytes(path),
    };
    for (const rule of rules) {
      if (settings.off.includes(rule)) continue;
      const finding = RULES[rule](this.#history, settings, facts);
      if (finding === null) this.#raised.delete(rule);
      else if (!this.#raised.has(rule)) {
        this.#raised.add(rule);
        this.#raise({ step: this.#step, rule, threshold: settings[rule], ...finding });
      }
    }
  }

  #raise(alert: Alert): void {
    this.alerts.push(alert);
    appendJsonl(this.#file, alert);
    this.#status.log(alertLine(alert));
    this.#notifier.send(this.#run.path, alert);
  }

  /** Waits for notifications that are under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#notifier.end();
  }
}

function freeBytes(path: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return null;
  }
}
