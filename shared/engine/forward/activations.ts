// The buffers of a packed forward pass. With `save` every layer keeps what its backward reads; without, all
// layers share one set, in which a layer's output takes the place of its input. With "attention" they share all but
// what attention reads.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import { SEGMENT_WORDS, tablesOf, TILE_WORDS, tileOf } from "#shared/engine/ops/attention/segments.ts";
import type { Batch } from "./packing.ts";
import type { ModelConfig } from "#shared/engine/model/config.ts";

/** Shapes for N tokens; F = intermediate_size, Q = heads * head_dim, W = (heads + 2 kvHeads) * head_dim. */
export interface LayerActivations {
  xIn: GPUBuffer; // (N, hidden)
  rstd1: GPUBuffer; // (N)
  qkvRaw: GPUBuffer; // (N, W), the projection before q/k norm and RoPE; own buffer only when the model has q/k norm
  qkv: GPUBuffer; // (N, W), as attention reads it
  attnOut: GPUBuffer; // (N, Q)
  lse: GPUBuffer; // (N, heads)
  xMid: GPUBuffer; // (N, hidden)
  rstd2: GPUBuffer; // (N)
  gateUp: GPUBuffer; // (N, 2 F)
  xOut: GPUBuffer; // (N, hidden), the next layer's xIn
}

export class Activations {
  readonly ids: GPUBuffer;
  readonly positions: GPUBuffer;
  readonly tiles: GPUBuffer; // of attention
  readonly segments: GPUBuffer;
  /** Of the batch last loaded. */
  tables = { count: 0, span: 0 };
  readonly layers: LayerActivations[];
  /** Scratch of every layer: a normalised input (N, hidden) and the MLP's inner activation (N, F). */
  readonly normed: GPUBuffer;
  readonly inner: GPUBuffer;
  /** The batch last loaded. */
  batch: Batch | undefined;
  readonly #all: GPUBuffer[] = [];

  constructor(
    readonly gpu: Gpu,
    readonly config: ModelConfig,
    readonly capacity: number,
    { save }: { save: boolean | "attention" },
  ) {
    const { hidden_size: hidden, intermediate_size: inner, num_attention_heads: heads } = config;
    const q = heads * config.head_dim;
    const width = q + 2 * config.num_key_value_heads * config.head_dim;
    const make = (label: string, cols: number) => {
      const buffer = gpu.allocate(label, capacity * cols * 4);
      this.#all.push(buffer);
      return buffer;
    };
    this.ids = make("ids", 1);
    this.positions = make("positions", 1);
    this.tiles = make("tiles", TILE_WORDS); // a segment may have one token
    this.segments = make("segments", SEGMENT_WORDS);
    this.normed = make("normed", hidden);
    this.inner = make("inner", inner);
    const sharedRaw = make("qkv_raw", width);
    const own = save === true && config.qk_norm;
    const layer = (name: string, xIn: GPUBuffer): LayerActivations => ({
      xIn,
      rstd1: make(`${name} rstd1`, 1),
      qkvRaw: own ? make(`${name} qkv_raw`, width) : sharedRaw,
      qkv: make(`${name} qkv`, width),
      attnOut: make(`${name} attn_out`, q),
      lse: make(`${name} lse`, heads),
      xMid: make(`${name} x_mid`, hidden),
      rstd2: make(`${name} rstd2`, 1),
      gateUp: make(`${name} gate_up`, 2 * inner),
      xOut: save === true ? make(`${name} x_out`, hidden) : xIn, // xIn is dead once xMid exists
    });
    const first = layer("layer 0", make("x", hidden));
    this.layers = [first];
    for (let i = 1; i < config.num_hidden_layers; i++) {
      const name = `layer ${i}`;
      if (save === true) this.layers.push(layer(name, this.layers[i - 1]!.xOut));
      else if (!save) this.layers.push(first);
      else this.layers.push({ ...first, qkv: make(`${name} qkv`, width), lse: make(`${name} lse`, heads) });
    }
  }

  /** The residual stream after the last block, (N, hidden), before the final norm. */
  get x(): GPUBuffer {
    return this.layers.at(-1)!.xOut;
  }

  /** @throws RangeError when the batch does not fit. */
  load(batch: Batch): void {
    if (batch.tokens > this.capacity) {
      throw new RangeError(
        `Cannot run a batch as the activations hold ${this.capacity} tokens: current batch has ${batch.tokens}`,
      );
    }
    this.batch = batch;
    this.gpu.write(this.ids, batch.ids);
    this.gpu.write(this.positions, batch.positions);
    const { tiles, segments, ...tables } = tablesOf(batch.segments, tileOf(this.gpu), batch.tokens);
    this.tables = tables;
    this.gpu.write(this.tiles, tiles);
    this.gpu.write(this.segments, segments);
  }

  destroy(): void {
    this.gpu.release(...this.#all);
  }
}
