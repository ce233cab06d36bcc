// Steps with NaN or infinite numbers (poisoned weights, an absurd learning rate): the update is skipped before it
// touches the weights, what is known of it is written down, and after a few in a row the run gives up.

import { join } from "node:path";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { makeDirectory } from "#shared/io/files.ts";
import type { Metrics } from "#shared/schemas/metrics.ts";

/** Updates left out in a row that end a run. */
const MOST_IN_A_ROW = 3;

/** A loss or gradient that is not finite, found before the weights were changed. */
export class NonFiniteError extends Error {
  override name = "NonFiniteError" as const;

  /** @param detail what a maintainer wants to see of the batch, as JSON */
  constructor(what: string, value: number, readonly detail: Record<string, unknown> = {}) {
    super(`Cannot update the weights as the ${what} must be finite: current value is ${value}`);
  }
}

export interface Skipped {
  /** Updates left out so far, and those of them after the last one that was made. */
  skipped: number;
  inARow: number;
}

/** What the metrics of a run say, so that a resumed run continues counting. */
export function skippedIn(records: readonly Metrics[]): Skipped {
  const lastDone = records.findLastIndex((record) => record["grad_norm"] !== null);
  const skipped = records.findLast((record) => "skipped_updates" in record)?.["skipped_updates"] ?? 0;
  return { skipped, inARow: records.length - 1 - lastDone };
}

export class UpdateGuard {
  /** Updates left out so far. */
  skipped: number;
  readonly #folder: string;
  #inARow: number;

  /** @param writes false: another process writes what this one would */
  constructor(run: string, { skipped, inARow }: Skipped, readonly writes = true) {
    this.#folder = join(run, "dumps");
    this.skipped = skipped;
    this.#inARow = inARow;
  }

  /**
   * The result of the update, or null when it was left out.
   *
   * @param setting the recipe's name for the learning rate
   * @throws NonFiniteError after `MOST_IN_A_ROW` of them
   */
  async attempt<T>(
    step: number,
    learningRate: number,
    update: () => Promise<T>,
    setting = "optimizer.learning_rate",
  ): Promise<T | null> {
    try {
      const result = await update();
      this.#inARow = 0;
      return result;
    } catch (error) {
      if (!(error instanceof NonFiniteError)) throw error;
      this.skipped++;
      this.#inARow++;
      const dump = { step, learning_rate: learningRate, message: error.message, ...error.detail };
      const path = join(this.#folder, `step_${String(step).padStart(6, "0")}.json`);
      if (this.writes) {
        makeDirectory(this.#folder);
        writeFileAtomic(path, JSON.stringify(dump, spellOut, 1) + "\n");
      }
      if (this.#inARow < MOST_IN_A_ROW) return null;
      error.message += `; lower ${setting} (${MOST_IN_A_ROW} steps in a row; see ${path})`;
      throw error;
    }
  }
}

/** JSON has no NaN and no infinities, and here they are the point. */
function spellOut(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
