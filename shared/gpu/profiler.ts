// Time per kernel, by timestamp queries around every dispatch. A profiled recorder gives each dispatch a pass of
// its own, so the sum is a little above the time of an unprofiled run.

import type { Gpu } from "./device.ts";

export interface KernelTime {
  label: string;
  calls: number;
  milliseconds: number;
}

const QUERIES = 2048; // two a dispatch; a full set is resolved at the next submit

export class Profiler {
  readonly #set: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #times = new Map<string, KernelTime>();
  /** Labels of the dispatches whose timestamps are in the set. */
  #labels: string[] = [];

  /** @throws Error when the device has no timestamp queries. */
  constructor(readonly gpu: Gpu) {
    if (!gpu.device.features.has("timestamp-query")) {
      throw new Error("Cannot profile as the adapter has no timestamp queries");
    }
    this.#set = gpu.device.createQuerySet({ type: "timestamp", count: QUERIES });
    const usage = 0x200 | 0x04; // QUERY_RESOLVE | COPY_SRC
    this.#resolved = gpu.device.createBuffer({ label: "timestamps", size: QUERIES * 8, usage });
  }

  /** The timestamp writes of the next dispatch's pass, or undefined when the set is full. */
  next(label: string): GPUComputePassTimestampWrites | undefined {
    const first = this.#labels.length * 2;
    if (first === QUERIES) return undefined;
    this.#labels.push(label);
    return { querySet: this.#set, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 };
  }

  /** Waits for the recorded work and adds its times; call it after every submit of the profiled recorder. */
  async collect(): Promise<void> {
    const labels = this.#labels;
    this.#labels = [];
    if (labels.length === 0) return;
    const encoder = this.gpu.device.createCommandEncoder();
    encoder.resolveQuerySet(this.#set, 0, labels.length * 2, this.#resolved, 0);
    this.gpu.device.queue.submit([encoder.finish()]);
    const stamps = new BigUint64Array(await this.gpu.read(this.#resolved, 0, labels.length * 16));
    for (const [i, label] of labels.entries()) {
      const entry = this.#times.get(label) ?? { label, calls: 0, milliseconds: 0 };
      entry.calls++;
      entry.milliseconds += Number(stamps[2 * i + 1]! - stamps[2 * i]!) / 1e6;
      this.#times.set(label, entry);
    }
  }

  /** What has been collected, longest first. */
  times(): KernelTime[] {
    return [...this.#times.values()].sort((a, b) => b.milliseconds - a.milliseconds);
  }

  destroy(): void {
    this.#set.destroy();
    this.#resolved.destroy();
  }
}
