// Sampling on this machine for several callers at once: a few completions take nearly as long as a full batch.

import type { Sample } from "#shared/engine/generation/requests.ts";
import type { LocalModel } from "./checkpoint.ts";

type Requests = Parameters<LocalModel["generate"]>[0];
type Options = Parameters<LocalModel["generate"]>[1];

interface Waiting {
  requests: Requests;
  options: Options;
  resolve: (samples: Sample[][]) => void;
  reject: (error: unknown) => void;
}

export class PooledSampling {
  #waiting: Waiting[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #last: Promise<void> = Promise.resolve();

  /**
   * @param rows completions that are worth a call
   * @param seconds after which fewer are sampled, too
   */
  constructor(readonly model: Pick<LocalModel, "generate">, readonly rows = 64, readonly seconds = 30) {}

  /** The completions, once enough others have come with them or time is up; `flush` does not wait. */
  sample(requests: Requests, options: Options): Promise<Sample[][]> {
    if (requests.length === 0) return Promise.resolve([]);
    const samples = new Promise<Sample[][]>((resolve, reject) => {
      this.#waiting.push({ requests, options, resolve, reject });
    });
    this.#timer ??= setTimeout(() => this.flush(), this.seconds * 1000);
    const rows = this.#waiting.flatMap(({ requests }) => requests).reduce(
      (sum, { samples }) => sum + samples,
      0,
    );
    if (rows >= this.rows) this.flush();
    return samples;
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const alike = Map.groupBy(this.#waiting, ({ options }) => JSON.stringify(options));
    this.#waiting = [];
    for (const all of alike.values()) this.#last = this.#last.then(() => this.#run(all)); // one at a time
  }

  async #run(all: readonly Waiting[]): Promise<void> {
    try {
      const samples = await this.model.generate(all.flatMap(({ requests }) => requests), all[0]!.options);
      let at = 0;
      for (const { requests, resolve } of all) resolve(samples.slice(at, at += requests.length));
    } catch (error) {
      for (const { reject } of all) reject(error);
    }
  }
}
