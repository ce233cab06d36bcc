// Long work in small pieces, so that other callers have their turn in between.

import { limits } from "#shared/verify/mod.ts";

/** Work between two pauses in the verifier's units, as clocks stand still on workerd; elsewhere time decides. */
const SLICE = limits.fuel / 4;
const SLICE_MS = 8;
/** Less work than this is never cut: on a busy machine every piece would end after its time. */
const LEAST = SLICE / 2;

/** Lets requests that have arrived meanwhile have their turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Counts the work of one request. */
export class Turns {
  #spent = 0;
  #since = performance.now();

  /** Waits until requests that have arrived meanwhile had their turn, if it is time to. */
  async spend(fuel: number): Promise<void> {
    this.#spent += fuel;
    if (this.#spent <= LEAST) return;
    if (this.#spent <= SLICE && performance.now() - this.#since <= SLICE_MS) return;
    await turn();
    this.#spent = 0;
    this.#since = performance.now();
  }
}
