// Reading GPU buffers: staging buffers are kept and reused, one copy and one map a read.
// On Deno a read costs about 11 ms whatever its size, so callers read rarely and much.
// What is larger than 64 MiB goes in parts: a staging buffer as large as an embedding would be memory for nothing.

export const PART_BYTES = 64 << 20;

export class Readback {
  readonly #free: GPUBuffer[] = [];
  readonly #all = new Set<GPUBuffer>();

  constructor(readonly device: GPUDevice, readonly until: <T>(work: Promise<T>) => Promise<T>) {}

  async read(source: GPUBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    if (bytes <= PART_BYTES) return await this.#part(source, offset, bytes);
    const result = new Uint8Array(bytes);
    for (let at = 0; at < bytes; at += PART_BYTES) {
      const part = await this.#part(source, offset + at, Math.min(PART_BYTES, bytes - at));
      result.set(new Uint8Array(part), at);
    }
    return result.buffer;
  }

  close(): void {
    for (const buffer of this.#all) buffer.destroy();
    this.#all.clear();
  }

  async #part(source: GPUBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    const size = Math.ceil(bytes / 4) * 4;
    const staging = this.#take(size);
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, offset, staging, 0, size);
    this.device.queue.submit([encoder.finish()]);
    await this.until(staging.mapAsync(1, 0, size)); // GPUMapMode.READ
    const copy = staging.getMappedRange(0, size).slice(0, bytes);
    staging.unmap();
    this.#free.push(staging);
    return copy;
  }

  /** The smallest free staging buffer that fits and is not absurdly large, else a new one. */
  #take(size: number): GPUBuffer {
    this.#free.sort((a, b) => a.size - b.size);
    const index = this.#free.findIndex((buffer) =>
      buffer.size >= size && buffer.size <= Math.max(4 * size, 65536)
    );
    if (index >= 0) return this.#free.splice(index, 1)[0]!;
    // Keep a few: a run with ever-changing sizes must not collect staging buffers for ever.
    while (this.#free.length >= 4) {
      const old = this.#free.shift()!;
      this.#all.delete(old);
      old.destroy();
    }
    const rounded = 2 ** Math.ceil(Math.log2(Math.max(size, 1024)));
    const buffer = this.device.createBuffer({ label: "readback", size: rounded, usage: 0x01 | 0x08 });
    this.#all.add(buffer);
    return buffer;
  }
}
