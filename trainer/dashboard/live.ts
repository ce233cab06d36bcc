// News of the runs as server-sent events. The files are looked at once a second while anybody listens; each listener is
// only a position in the columns that are in memory anyway, so a slow or idle one costs nothing, and one that is far
// behind is told to load again instead of being sent what it missed.

import type { MetricsLog } from "./metrics_log.ts";
import type { RunSummary } from "./runs.ts";

const POLL_MS = 1000;
const HEARTBEAT_MS = 10_000;
/** Records in one event. */
const MOST_RECORDS = 200;

export interface LiveRun {
  readonly id: string;
  readonly log: MetricsLog;
  readonly summary: RunSummary;
}

/** Where a listener stands in one run. */
interface Position {
  version: number;
  records: number;
  status: string;
}

export class Live {
  readonly #runs: readonly LiveRun[];
  readonly #refresh: () => Promise<void>;
  readonly #waiting = new Set<() => void>();
  readonly #encoder = new TextEncoder();
  /** The last event of each run, as bytes: listeners mostly need the same one. */
  readonly #cache = new Map<string, { key: string; bytes: Uint8Array }>();
  #listeners = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #looking = false;
  /** The state that listeners were last woken for. Requests read the files, too, so it may change between two looks. */
  #told = "";

  /**
   * @param runs may grow
   * @param refresh reads their files again
   */
  constructor(runs: readonly LiveRun[], refresh: () => Promise<void>) {
    this.#runs = runs;
    this.#refresh = refresh;
  }

  get listeners(): number {
    return this.#listeners;
  }

  /** A response that lasts until the listener leaves. It begins with the state at the time of the call. */
  stream(): Response {
    const positions = new Map(this.#runs.map((run) => [run.id, this.#position(run)]));
    let wake: (() => void) | undefined;
    let open = true;
    let opened = false;
    const leave = () => {
      if (!open) return;
      open = false;
      this.#listeners--;
      if (wake) this.#waiting.delete(wake);
      wake?.();
      if (this.#listeners === 0) this.stop();
    };
    this.#listeners++;
    this.#start();
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        if (!opened) {
          opened = true;
          return controller.enqueue(this.#encoder.encode(": the dashboard's news\n\n"));
        }
        while (open) {
          for (const run of this.#runs) {
            const position = positions.get(run.id) ?? { version: 0, records: 0, status: "" };
            positions.set(run.id, position);
            const bytes = this.#news(run, position);
            if (bytes) return controller.enqueue(bytes);
          }
          if (await this.#change((own) => wake = own) === "quiet") {
            return controller.enqueue(this.#encoder.encode(": still here\n\n"));
          }
        }
      },
      cancel: leave,
    }, { highWaterMark: 0 });
    return new Response(body, {
      headers: {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      },
    });
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #position(run: LiveRun): Position {
    return { version: run.log.version, records: run.log.length, status: run.summary.status };
  }

  #state(): string {
    return JSON.stringify(this.#runs.map((run) => this.#position(run)));
  }

  /** The next event that a listener has not had, or null; moves its position on. */
  #news(run: LiveRun, position: Position): Uint8Array | null {
    const { log, summary } = run;
    const { version, records, status } = position;
    if (version === log.version && records === log.length && status === summary.status) return null;
    Object.assign(position, this.#position(run));
    const behind = log.length - records;
    const reload = version !== log.version || behind > MOST_RECORDS || behind < 0;
    const key = `${version} ${records} ${log.version} ${log.length} ${summary.status}`;
    const cached = this.#cache.get(run.id);
    if (cached?.key === key) return cached.bytes;
    const from = behind > 0 && !reload ? log.at("step", records) : Infinity;
    const after = records === 0 ? 0 : log.at("step", records - 1);
    const data = reload
      ? { run: run.id, summary, reload }
      : { run: run.id, summary, after, window: log.window(log.keys, from, Infinity, MOST_RECORDS) };
    const bytes = this.#encoder.encode(`event: run\ndata: ${JSON.stringify(data)}\n\n`);
    this.#cache.set(run.id, { key, bytes });
    return bytes;
  }

  /** Waits for a change of any run, or for the time of a heartbeat. */
  #change(register: (wake: () => void) => void): Promise<"change" | "quiet"> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve("change");
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(wake);
        resolve("quiet");
      }, HEARTBEAT_MS);
      this.#waiting.add(wake);
      register(wake);
    });
  }

  #start(): void {
    this.#timer ??= setInterval(() => void this.#look(), POLL_MS);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await this.#refresh();
      const state = this.#state();
      if (this.#told === state) return;
      this.#told = state;
      for (const wake of [...this.#waiting]) wake();
    } catch {
      // A file that is being replaced at this moment is there at the next look.
    } finally {
      this.#looking = false;
    }
  }
}
