// The keys and values of every layer. Where a kernel handles all layers in one dispatch they share one buffer, in which
// each layer starts at a valid binding offset.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import { type Binding, Recorder } from "#shared/engine/gpu/recorder.ts";
import type { ModelConfig } from "#shared/engine/model/config.ts";

/** Bytes to which places of bindings are rounded. */
const ALIGNMENT = 256;

export class KvPools {
  /** (tokens, 2, kvHeads, headDim) of each layer. */
  readonly layers: Binding[];
  /** What holds all of them, where one buffer does. */
  readonly whole: GPUBuffer | undefined;
  readonly #buffers: GPUBuffer[];

  /**
   * @param together whether one buffer is asked for; there is none where it would not fit into a binding
   * @param before smaller pools of the same model, whose contents are taken over; they are freed
   */
  constructor(readonly gpu: Gpu, config: ModelConfig, tokens: number, together: boolean, before?: KvPools) {
    const count = config.num_hidden_layers;
    const size = tokens * 2 * config.num_key_value_heads * config.head_dim * 4;
    const apart = Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    const recorder = before && new Recorder(gpu);
    const all = count * apart;
    if (together && all <= Math.min(gpu.bindingBytes, gpu.device.limits.maxBufferSize)) {
      this.whole = gpu.allocate("kv pool of all layers", all);
    }
    this.#buffers = this.whole ? [this.whole] : [];
    this.layers = Array.from({ length: count }, (_, i) => {
      const own = this.whole ?? gpu.allocate(`kv pool ${i}`, size);
      if (!this.whole) this.#buffers.push(own);
      const layer = this.whole ? { buffer: own, offset: i * apart, size } : own;
      const old = before?.layers[i];
      if (old) {
        const [from, to] = [partOf(old), partOf(layer)];
        recorder!.copy(from.buffer, from.offset, to.buffer, to.offset, from.size);
        recorder!.submit();
        if (!before.whole) gpu.release(from.buffer);
      }
      return layer;
    });
    if (before?.whole) gpu.release(before.whole);
    recorder?.destroy();
  }

  /** Where a layer begins in `whole`, in bytes. */
  offset(layer: number): number {
    return partOf(this.layers[layer]!).offset;
  }

  destroy(): void {
    this.gpu.release(...this.#buffers);
  }
}

function partOf(binding: Binding): { buffer: GPUBuffer; offset: number; size: number } {
  return "buffer" in binding ? binding : { buffer: binding, offset: 0, size: binding.size };
}
