// The metrics of a run as a TensorBoard event file that grows with it (report_to = ["tensorboard"]).

import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { fileError, makeDirectory } from "#shared/io/files.ts";
import { scalarFrame, tensorboardEvents } from "#shared/io/tensorboard.ts";
import type { Metrics } from "#shared/schemas/metrics.ts";

export class EventFile {
  readonly path: string;
  readonly #began: number;

  /**
   * Written anew from the metrics so far, so that a resumed run leaves no step twice.
   * @param begun when the run was begun, ISO 8601
   */
  constructor(run: string, begun: string, records: readonly Metrics[]) {
    const folder = join(run, "tensorboard");
    this.#began = Date.parse(begun) / 1000;
    this.path = join(folder, `events.out.tfevents.${Math.floor(this.#began)}.ghpo`);
    makeDirectory(folder);
    writeFileAtomic(this.path, tensorboardEvents(this.#began, records.map((record) => this.#event(record))));
  }

  add(record: Metrics): void {
    try {
      appendFileSync(this.path, scalarFrame(this.#event(record)));
    } catch (cause) {
      throw fileError("write", this.path, cause);
    }
  }

  #event({ step, time, ...rest }: Metrics) {
    const known = Object.entries(rest).filter((entry): entry is [string, number] => entry[1] !== null);
    return { wall_time: this.#began + time, step, values: Object.fromEntries(known) };
  }
}
