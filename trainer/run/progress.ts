// The progress line of a long run, on stderr: one line that is rewritten on a terminal, a plain line every few seconds
// otherwise, nothing when quiet.

import { formatDuration } from "#shared/text/format.ts";

const CLEAR = "\r\x1b[K";
const PLAIN_INTERVAL_MS = 10_000;

export interface StatusOptions {
  total: number;
  /** What is counted; "step" unless given. */
  unit?: string;
  quiet?: boolean;
  stream?: { isTTY?: boolean; columns?: number; write(text: string): unknown };
  /** Milliseconds; replaced in tests. */
  now?: () => number;
}

/** Progress of `total` steps with time left and rate, for example `12/60 20% eta 1m 04s  1.3 s/step  accuracy 0.41`. */
export class Status {
  readonly #o: Required<StatusOptions>;
  #start: number;
  #done = 0;
  #printed = -Infinity;

  constructor(options: StatusOptions) {
    this.#o = {
      unit: "step",
      quiet: false,
      stream: process.stderr,
      now: () => performance.now(),
      ...options,
    };
    this.#start = this.#o.now();
  }

  /** Starts the clock at a step: those that an earlier part of a resumed run has done say nothing about this one. */
  start(done: number): void {
    this.#done = done;
    this.#start = this.#o.now();
  }

  /** Shows that `step` steps are done, and a few words about the run. */
  update(step: number, note: string): void {
    const { total, unit, quiet, stream, now } = this.#o;
    if (quiet) return;
    const spent = now() - this.#start;
    const pace = step > this.#done ? spent / (step - this.#done) / 1000 : NaN;
    const share = `${step}/${total} ${Math.floor((100 * step) / total)}%`;
    const rate = Number.isNaN(pace) ? "?" : pace >= 100 ? String(Math.round(pace)) : pace.toPrecision(2);
    const line = `${share} eta ${formatDuration(pace * (total - step))}  ${rate} s/${unit}  ${note}`;
    // A line that is wider than the terminal could not be written over.
    if (stream.isTTY) stream.write(CLEAR + line.slice(0, (stream.columns ?? Infinity) - 1));
    else if (step === total || now() - this.#printed >= PLAIN_INTERVAL_MS) {
      stream.write(line + "\n");
      this.#printed = now();
    }
  }

  /** A line that stays, such as a warning or the result of an evaluation. */
  log(line: string): void {
    if (this.#o.quiet) return;
    this.#o.stream.write((this.#o.stream.isTTY ? CLEAR : "") + line + "\n");
  }

  /** Ends the line that is being rewritten. */
  end(): void {
    if (!this.#o.quiet && this.#o.stream.isTTY) this.#o.stream.write("\n");
  }
}
