// The GPU side of generation: the buffers of up to R rows, the key-value pool, and the recording of one step.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import type { Recorder } from "#shared/engine/gpu/recorder.ts";
import { loadKv, storeKv } from "#shared/engine/ops/attention/copy_kv.ts";
import { compact, ROW_WORDS, STATE_HEADER } from "#shared/engine/ops/decode/decode.ts";
import { Activations } from "#shared/engine/forward/activations.ts";
import type { ModelConfig } from "#shared/engine/model/config.ts";
import { attentionInput, embed, finishBlock } from "#shared/engine/forward/forward.ts";
import { KvPools } from "./kv_pools.ts";
import { LayerSteps } from "./decode_layers.ts";
import { DecodeProgram, decodesByProgram, workBytes } from "./decode_program.ts";
import { type Model, paddedVocabulary } from "#shared/engine/model/weights.ts";
import { packPrefill, type Prompt } from "./prefill.ts";
import type { BlockOptions } from "./step.ts";

/** One live row as the host knows it at the start of a block; the meaning of each is in decode_state.wgsl. */
export interface DecodeRow {
  token: number;
  position: number;
  promptStart: number;
  promptTokens: number;
  ownStart: number;
  end: number;
  slot: number;
  keyA: number;
  keyB: number;
}

export interface DecodeSize {
  /** Rows generated side by side. */
  rows: number;
  /** Tokens in the key-value pool: prompts and completions. */
  poolTokens: number;
  /** Steps between two read-backs. */
  block: number;
  eos: readonly number[];
}

/** Bytes of the widest that a row has in one binding. */
export function rowBytes(gpu: Pick<Gpu, "subgroups8" | "largestCopy">, config: ModelConfig): number {
  return decodesByProgram(gpu, config) ? workBytes(config) : paddedVocabulary(config) * 4;
}

export class Decoder {
  readonly #pools: KvPools;
  readonly #buffers;
  readonly #steps: LayerSteps | DecodeProgram;
  #prefill: Activations | undefined;
  readonly #places: GPUBuffer[] = [];

  /** @param before a smaller decoder, whose keys and values are taken over; nothing is left of it */
  constructor(readonly model: Model, readonly size: DecodeSize, before?: Decoder) {
    const { gpu, config } = model;
    const { rows, block } = size;
    const state = (label: string) => gpu.allocate(label, (STATE_HEADER + rows * ROW_WORDS) * 4);
    this.#buffers = {
      state: state("state"),
      moved: state("moved state"),
      next: gpu.allocate("decode next", rows * 4),
      emitted: gpu.allocate("decode emitted", rows * block * 8),
      eos: gpu.upload("eos", Uint32Array.from(size.eos)),
    };
    before?.shed();
    const program = decodesByProgram(gpu, config);
    this.#pools = new KvPools(gpu, config, size.poolTokens, program, before && before.#pools);
    this.#steps = program
      ? new DecodeProgram(model, this.#pools, rows, size.eos)
      : new LayerSteps(model, this.#pools.layers, rows);
  }

  /** Takes over weights that this decoder keeps copies of; call it after every change of the model. */
  refresh(recorder: Recorder): void {
    this.#steps.refresh(recorder);
  }

  /** Computes the keys and values of prompts into the pool. Returns how many tokens that takes. */
  prefill(recorder: Recorder, prompts: readonly Prompt[]): number {
    const { config } = this.model;
    const { batch, cached, loads, stores } = packPrefill(prompts);
    if (stores.length === 0) return 0;
    const activations = this.#activationsOf(batch.tokens + cached);
    activations.load(batch);
    const [loadPlaces, storePlaces] = [this.#placesOf(0, loads), this.#placesOf(1, stores)];
    const heads = {
      heads: config.num_attention_heads,
      kvHeads: config.num_key_value_heads,
      headDim: config.head_dim,
    };
    if (batch.tokens > 0) embed(recorder, this.model, activations);
    for (const [i, pool] of this.#pools.layers.entries()) {
      const { qkv } = activations.layers[i]!;
      if (batch.tokens > 0) attentionInput(recorder, this.model, activations, i);
      loadKv(recorder, { qkv, places: loadPlaces, pool }, { count: cached, ...heads });
      storeKv(recorder, { qkv, places: storePlaces, pool }, { count: stores.length / 2, ...heads });
      const last = i + 1 === this.#pools.layers.length;
      if (batch.tokens > 0 && !last) finishBlock(recorder, this.model, activations, i);
    }
    recorder.submit(); // the next prefill overwrites what this one reads
    return batch.tokens;
  }

  #activationsOf(tokens: number): Activations {
    if (!this.#prefill || this.#prefill.capacity < tokens) {
      this.#prefill?.destroy();
      const capacity = 2 ** Math.ceil(Math.log2(tokens));
      this.#prefill = new Activations(this.model.gpu, this.model.config, capacity, { save: false });
    }
    return this.#prefill;
  }

  #placesOf(index: 0 | 1, places: Uint32Array<ArrayBuffer>): GPUBuffer {
    const { gpu } = this.model;
    let buffer = this.#places[index];
    if (!buffer || buffer.size < places.length * 4) {
      if (buffer) gpu.release(buffer);
      buffer = gpu.allocate("prompt places", 2 ** Math.ceil(Math.log2(Math.max(places.length, 1))) * 4);
      this.#places[index] = buffer;
    }
    gpu.write(buffer, places);
    return buffer;
  }

  /** Writes the rows of the next block. */
  load(rows: readonly DecodeRow[]): void {
    const words = new Uint32Array(STATE_HEADER + rows.length * ROW_WORDS);
    words[0] = rows.length;
    for (const [i, row] of rows.entries()) {
      const { token, position, promptStart, promptTokens, ownStart, end, slot, keyA, keyB } = row;
      words.set(
        [token, position, promptStart, promptTokens, ownStart, end, slot, keyA, keyB],
        STATE_HEADER + i * ROW_WORDS,
      );
    }
    this.model.gpu.write(this.#buffers.state, words);
  }

  /** Records `steps` tokens for the first `rows` rows (the live ones), submits and returns what was emitted. */
  async run(recorder: Recorder, rows: number, steps: number, options: BlockOptions): Promise<Emitted> {
    const { next, emitted, eos } = this.#buffers;
    const { block } = this.size;
    const eosCount = this.size.eos.length;
    let { state, moved } = this.#buffers;
    const own = { ...options, rows, block };
    if (this.#steps instanceof DecodeProgram && this.#steps.takesWhole(rows)) {
      this.#steps.block(recorder, { state, emitted }, { ...own, steps });
    } else {
      for (let step = 0; step < steps; step++) {
        this.#steps.step(recorder, { state, next, emitted, eos }, { ...own, step, eosCount });
        compact(recorder, { state, next, moved }, { rows });
        [state, moved] = [moved, state];
        if (step % 4 === 0) recorder.submit(); // the adapter begins while the rest is being recorded
      }
    }
    recorder.submit();
    const words = await this.model.gpu.readWords(emitted);
    return new Emitted(words, block);
  }

  destroy(): void {
    this.shed();
    this.#pools.destroy();
  }

  /** Frees all but the keys and values, which a larger decoder can still take over. */
  shed(): void {
    this.#prefill?.destroy();
    this.model.gpu.release(...this.#places);
    this.#steps.destroy();
    this.model.gpu.release(...Object.values(this.#buffers));
  }
}

/** What a block sampled, by slot and step. */
export class Emitted {
  readonly #words: Uint32Array;
  readonly #floats: Float32Array;

  constructor(words: Uint32Array, readonly block: number) {
    this.#words = words;
    this.#floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  }

  token(slot: number, step: number): number {
    return this.#words[(slot * this.block + step) * 2]!;
  }

  logProb(slot: number, step: number): number {
    return this.#floats[(slot * this.block + step) * 2 + 1]!;
  }
}
