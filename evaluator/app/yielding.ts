// Long work in slices: between them it yields to the event loop, so that other requests are served.

import { limits } from "#shared/verify/tree/fuel.ts";

/** Work between two pauses in the verifier's units, as clocks stand still on workerd; elsewhere time decides. */
const SLICE = limits.fuel / 4;
const SLICE_MS = 8;
/** Less work than this is never cut: on a busy machine every piece would end after its time. */
const LEAST = SLICE / 2;

/** Yields to the event loop, which serves requests that have arrived meanwhile. */
export function yieldToRequests(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** The work of one request. */
export class WorkSlices {
  #spent = 0;
  #since = performance.now();

  /** Counts work done, and yields where a slice of it is complete. */
  async spend(fuel: number): Promise<void> {
    this.#spent += fuel;
    if (this.#spent <= LEAST) return;
    if (this.#spent <= SLICE && performance.now() - this.#since <= SLICE_MS) return;
    await yieldToRequests();
    this.#spent = 0;
    this.#since = performance.now();
  }
}
