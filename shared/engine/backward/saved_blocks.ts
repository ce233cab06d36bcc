// Less memory for what the forward keeps of each block: all blocks work in one set of buffers, and what the backward
// needs of each is copied. Two ways to save, which can be combined:
//
// - Gradient checkpointing keeps the input of a block and runs the block again just before the backward needs it:
//   a third more arithmetic, the same numbers.
// - bf16 rounds the copies. The forward itself stays in f32, so log-probs are the same bits; gradients see rounded
//   activations. Queries, keys and values stay f32 in the activations themselves: the backward takes probabilities
//   from exp(score - lse), and a score of 100, which Qwen2 has, is only good to 0.4 in bf16.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import type { Recorder } from "#shared/engine/gpu/recorder.ts";
import { packBf16 } from "#shared/engine/ops/storage/pack_bf16.ts";
import { unpack } from "#shared/engine/ops/storage/unpack.ts";
import { bytesOf, type Dtype } from "#shared/engine/ops/storage/dtype.ts";
import type { Activations, LayerActivations } from "#shared/engine/forward/activations.ts";
import type { ModelConfig } from "#shared/engine/model/config.ts";
import { blockForward, embed } from "#shared/engine/forward/forward.ts";
import type { Model } from "#shared/engine/model/weights.ts";

/** Activations of real models are too large for f16. */
export type SavedDtype = Exclude<Dtype, "float16">;

interface Copy {
  name: keyof LayerActivations;
  cols: number;
  buffer: GPUBuffer; // (capacity, cols)
}

/** Goes with activations without `save`; without checkpointing they have to keep what attention reads. */
export class SavedBlocks {
  readonly #copies: Copy[][]; // of each block, xIn first

  constructor(
    readonly gpu: Gpu,
    config: ModelConfig,
    capacity: number,
    readonly settings: { checkpointing: boolean; dtype: SavedDtype },
  ) {
    const { checkpointing, dtype } = settings;
    const names = Object.entries(savedColumns(config, checkpointing)) as [keyof LayerActivations, number][];
    this.#copies = Array.from({ length: config.num_hidden_layers }, (_, i) =>
      names.map(([name, cols]) => ({
        name,
        cols,
        buffer: gpu.allocate(`${name} of block ${i}`, capacity * cols * bytesOf(dtype)),
      })));
  }

  /** The forward of shared/engine/forward/forward.ts, with copies taken on the way. */
  forward(recorder: Recorder, model: Model, activations: Activations): void {
    embed(recorder, model, activations);
    for (const [i, [input, ...inside]] of this.#copies.entries()) {
      this.#keep(recorder, activations, i, input!); // the block's output takes its place
      blockForward(recorder, model, activations, i);
      for (const copy of inside) this.#keep(recorder, activations, i, copy);
    }
  }

  /** Leaves the activations as they were inside block `index`, its input among them. */
  restore(recorder: Recorder, model: Model, activations: Activations, index: number): void {
    const copies = this.#copies[index]!;
    for (const copy of copies) this.#bringBack(recorder, activations, index, copy);
    if (!this.settings.checkpointing) return;
    blockForward(recorder, model, activations, index);
    this.#bringBack(recorder, activations, index, copies[0]!);
  }

  destroy(): void {
    this.gpu.release(...this.#copies.flat().map(({ buffer }) => buffer));
  }

  #keep(
    recorder: Recorder,
    { batch, layers }: Activations,
    index: number,
    { name, cols, buffer }: Copy,
  ): void {
    const length = batch!.tokens * cols;
    const x = layers[index]![name];
    if (this.settings.dtype === "bfloat16") packBf16(recorder, { x, out: buffer }, { length });
    else recorder.copy(x, 0, buffer, 0, length * 4);
  }

  #bringBack(
    recorder: Recorder,
    { batch, layers }: Activations,
    index: number,
    { name, cols, buffer }: Copy,
  ): void {
    const rows = batch!.tokens;
    const out = layers[index]![name];
    const { dtype } = this.settings;
    if (dtype === "bfloat16") unpack(recorder, { packed: buffer, out }, { rows, stride: cols, dtype });
    else recorder.copy(buffer, 0, out, 0, rows * cols * 4);
  }
}

/** What is copied of a block, and how many numbers a token; the backward computes the rest from these. */
function savedColumns(
  config: ModelConfig,
  checkpointing: boolean,
): Partial<Record<keyof LayerActivations, number>> {
  const { hidden_size: hidden, intermediate_size: inner, num_attention_heads: heads, head_dim } = config;
  if (checkpointing) return { xIn: hidden };
  const width = (heads + 2 * config.num_key_value_heads) * head_dim;
  const raw = config.qk_norm ? { qkvRaw: width } : {};
  return { xIn: hidden, attnOut: heads * head_dim, xMid: hidden, gateUp: 2 * inner, ...raw };
}
