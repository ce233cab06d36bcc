// Time per kernel, by timestamp queries around every dispatch. While `gpu.profiler` is set each dispatch gets a pass
// of its own, so the sum is a little above the time of an unprofiled run.

/** What is needed of a `Gpu`, which knows its profiler and so cannot be imported here. */
interface Timed {
  readonly device: GPUDevice;
  until<T>(work: Promise<T>): Promise<T>;
}

/** What a dispatch computes and touches. */
export interface Work {
  label: string;
  /** Two for each multiply-add of a matrix product; 0 for other kernels. */
  flops: number;
  /** Bytes of everything bound: what is read or written once, where the bindings are in use to their end. */
  bytes: number;
}

/** One dispatch; times in milliseconds of the device's own clock. */
export interface KernelEvent extends Work {
  start: number;
  milliseconds: number;
}

export interface KernelTime extends Work {
  calls: number;
  milliseconds: number;
}

const QUERIES = 2048; // two a dispatch, and more than one submit holds

export class Profiler {
  readonly events: KernelEvent[] = [];
  readonly #set: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  /** The dispatches whose timestamps are in the set. */
  #work: Work[] = [];
  #pending: { work: Work[]; stamps: GPUBuffer }[] = [];

  /** @throws Error when the device has no timestamp queries. */
  constructor(readonly gpu: Timed) {
    if (!gpu.device.features.has("timestamp-query")) {
      throw new Error("Cannot profile as the adapter has no timestamp queries");
    }
    this.#set = gpu.device.createQuerySet({ type: "timestamp", count: QUERIES });
    const usage = 0x200 | 0x04; // QUERY_RESOLVE | COPY_SRC
    this.#resolved = gpu.device.createBuffer({ label: "timestamps", size: QUERIES * 8, usage });
  }

  /** The timestamp writes of the next dispatch's pass, or undefined when the set is full. */
  next(work: Work): GPUComputePassTimestampWrites | undefined {
    const first = this.#work.length * 2;
    if (first === QUERIES) return undefined;
    this.#work.push(work);
    return { querySet: this.#set, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 };
  }

  /** Records the copy of the timestamps so far; the recorder calls it at the end of every submit. */
  resolve(encoder: GPUCommandEncoder): void {
    const work = this.#work;
    this.#work = [];
    if (work.length === 0) return;
    const bytes = work.length * 16;
    const stamps = this.gpu.device.createBuffer({ label: "timestamps", size: bytes, usage: 0x01 | 0x08 });
    encoder.resolveQuerySet(this.#set, 0, work.length * 2, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, stamps, 0, bytes);
    this.#pending.push({ work, stamps });
  }

  /** Waits for everything submitted and adds its events. */
  async collect(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    for (const { work, stamps } of pending) {
      await this.gpu.until(stamps.mapAsync(1)); // GPUMapMode.READ
      const times = new BigUint64Array(stamps.getMappedRange().slice(0));
      stamps.destroy();
      work.forEach((own, i) => {
        const [start, end] = [times[2 * i]!, times[2 * i + 1]!];
        this.events.push({ ...own, start: Number(start) / 1e6, milliseconds: Number(end - start) / 1e6 });
      });
    }
  }

  /** The events by kernel, longest first. */
  times(): KernelTime[] {
    const byLabel = new Map<string, KernelTime>();
    for (const { label, flops, bytes, milliseconds } of this.events) {
      const entry = byLabel.get(label) ?? { label, calls: 0, flops: 0, bytes: 0, milliseconds: 0 };
      entry.calls++;
      entry.flops += flops;
      entry.bytes += bytes;
      entry.milliseconds += milliseconds;
      byLabel.set(label, entry);
    }
    return [...byLabel.values()].sort((a, b) => b.milliseconds - a.milliseconds);
  }

  destroy(): void {
    this.#set.destroy();
    this.#resolved.destroy();
  }
}
