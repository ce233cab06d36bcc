// The GPU side of generation: the buffers of up to R rows, the key-value pool, and the recording of one step.

import { type Recorder } from "#shared/gpu/recorder.ts";
import {
  compact,
  decodeAttention,
  decodeEmbed,
  decodeLogits,
  decodeNormMatmul,
  decodeResidualMatmul,
  ROW_WORDS,
  sample,
  sampleScratchBytes,
  type Shard,
  squaresBytes,
  STATE_HEADER,
  storeKv,
} from "#shared/kernels/decode.ts";
import { Activations } from "./activations.ts";
import { pack } from "./batch.ts";
import { attentionInput, embed, finishBlock } from "./forward.ts";
import { rowShards } from "./shards.ts";
import { floatMatrix } from "./storage.ts";
import { type Model, paddedVocabulary } from "./weights.ts";

/** One live row as the host knows it at the start of a block; the meaning of each is in decode_state.wgsl. */
export interface Row {
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

export interface StepOptions {
  /** Bound of all positions. */
  positions: number;
  temperature: number;
  greedy: boolean;
}

export class Decoder {
  readonly #pools: GPUBuffer[];
  readonly #buffers;
  readonly #qkNorms: GPUBuffer[];
  readonly #table: Shard[];
  readonly #head: Shard[];
  #prefill: Activations | undefined;
  #places: GPUBuffer | undefined;

  constructor(readonly model: Model, readonly size: DecodeSize) {
    const { gpu, config } = model;
    const { rows, block } = size;
    const kvWidth = 2 * config.num_key_value_heads * config.head_dim;
    const column = (label: string, cols: number) => gpu.allocate(`decode ${label}`, rows * cols * 4);
    const state = (label: string) => gpu.allocate(label, (STATE_HEADER + rows * ROW_WORDS) * 4);
    this.#pools = model.layers.map((_, i) => gpu.allocate(`kv pool ${i}`, size.poolTokens * kvWidth * 4));
    this.#buffers = {
      state: state("state"),
      moved: state("moved state"),
      x: column("x", config.hidden_size),
      scaled: column("scaled", config.hidden_size),
      squares: gpu.allocate("decode squares", squaresBytes(rows, config.hidden_size)),
      raw: column("qkv", model.layers[0]!.qkv.cols),
      attended: column("attention", config.num_attention_heads * config.head_dim),
      middle: column("x_mid", config.hidden_size),
      inner: column("inner", config.intermediate_size),
      logits: column("logits", paddedVocabulary(config)),
      partials: gpu.allocate("decode partials", sampleScratchBytes(rows, config.vocab_size)),
      next: column("next", 1),
      emitted: column("emitted", 2 * block),
      eos: gpu.upload("eos", Uint32Array.from(size.eos)),
    };
    this.#table = rowShards(gpu, model.embed_tokens);
    this.#head = rowShards(gpu, model.head);
    this.#qkNorms = model.layers[0]!.q_norm
      ? model.layers.map(() => gpu.allocate("qk_norm", 2 * config.head_dim * 4))
      : [];
  }

  /** Takes over weights that this decoder keeps copies of; call it after every change of the model. */
  refresh(recorder: Recorder): void {
    const bytes = this.model.config.head_dim * 4;
    for (const [i, buffer] of this.#qkNorms.entries()) {
      recorder.copy(this.model.layers[i]!.q_norm!.buffer, 0, buffer, 0, bytes);
      recorder.copy(this.model.layers[i]!.k_norm!.buffer, 0, buffer, bytes, bytes);
    }
  }

  /** Computes the keys and values of prompts, packed, into the pool at `start` each. */
  prefill(recorder: Recorder, prompts: readonly { ids: ArrayLike<number>; start: number }[]): void {
    const { gpu, config } = this.model;
    const batch = pack(prompts.map(({ ids }) => ids));
    if (batch.tokens === 0) return;
    if (!this.#prefill || this.#prefill.capacity < batch.tokens) {
      this.#releasePrefill();
      const capacity = 2 ** Math.ceil(Math.log2(batch.tokens));
      this.#prefill = new Activations(gpu, config, capacity, { save: false });
      this.#places = gpu.allocate("prompt places", capacity * 4);
    }
    const activations = this.#prefill;
    activations.load(batch);
    const places = prompts.flatMap(({ ids, start }) =>
      Array.from({ length: ids.length }, (_, i) => start + i)
    );
    gpu.write(this.#places!, Uint32Array.from(places));
    embed(recorder, this.model, activations);
    for (const [i, pool] of this.#pools.entries()) {
      attentionInput(recorder, this.model, activations, i);
      storeKv(recorder, { qkv: activations.layers[i]!.qkv, places: this.#places!, pool }, {
        tokens: batch.tokens,
        heads: config.num_attention_heads,
        kvHeads: config.num_key_value_heads,
        headDim: config.head_dim,
      });
      if (i + 1 < this.#pools.length) finishBlock(recorder, this.model, activations, i);
    }
    recorder.submit(); // the next prefill overwrites what this one reads
  }

  /** Writes the rows of the next block. */
  load(rows: readonly Row[]): void {
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
  async run(recorder: Recorder, rows: number, steps: number, options: StepOptions): Promise<Emitted> {
    let { state, moved } = this.#buffers;
    for (let step = 0; step < steps; step++) {
      this.#step(recorder, { state, moved, rows, step }, options);
      [state, moved] = [moved, state];
      if (step % 4 === 0) recorder.submit(); // the adapter begins while the rest is being recorded
    }
    recorder.submit();
    const words = await this.model.gpu.readWords(this.#buffers.emitted);
    return new Emitted(words, this.size.block);
  }

  #step(
    recorder: Recorder,
    { state, moved, rows, step }: { state: GPUBuffer; moved: GPUBuffer; rows: number; step: number },
    { positions, temperature, greedy }: StepOptions,
  ): void {
    const { x, scaled, squares, raw, attended, middle, inner, logits, partials, next, emitted, eos } =
      this.#buffers;
    const { config, layers, norm } = this.model;
    const { hidden_size: hidden, head_dim: headDim, rms_norm_eps: eps } = config;
    const heads = config.num_attention_heads;
    const table = this.model.ropeTable(positions);
    const input = { scaled, squares }; // what the next norm takes of the residual stream
    const firstNorm = layers[0]!.input_layernorm.buffer;
    decodeEmbed(recorder, { state, x, norm: firstNorm, ...input }, this.#table, {
      rows,
      hidden,
      dtype: this.model.embed_tokens.dtype,
    });
    for (const [i, layer] of layers.entries()) {
      const { qkv, qkv_bias, o_proj, post_attention_layernorm, gate_up, down_proj } = layer;
      decodeNormMatmul(
        recorder,
        { state, input, w: floatMatrix(recorder, this.model, qkv), bias: qkv_bias?.buffer, out: raw },
        { rows, cols: qkv.cols, inner: hidden, eps },
      );
      decodeAttention(
        recorder,
        { state, raw, table, qk_norm: this.#qkNorms[i], pool: this.#pools[i]!, out: attended },
        { rows, heads, kvHeads: config.num_key_value_heads, headDim, eps },
      );
      decodeResidualMatmul(recorder, {
        state,
        x: attended,
        w: floatMatrix(recorder, this.model, o_proj),
        residual: x,
        norm: post_attention_layernorm.buffer,
        out: middle,
        output: input,
      }, { rows, cols: hidden, inner: heads * headDim });
      decodeNormMatmul(
        recorder,
        { state, input, w: floatMatrix(recorder, this.model, gate_up), out: inner },
        { rows, cols: config.intermediate_size, inner: hidden, eps, swiglu: true },
      );
      decodeResidualMatmul(recorder, {
        state,
        x: inner,
        w: floatMatrix(recorder, this.model, down_proj),
        residual: middle,
        norm: (layers[i + 1]?.input_layernorm ?? norm).buffer,
        out: x,
        output: input,
      }, { rows, cols: hidden, inner: config.intermediate_size });
    }
    const stride = paddedVocabulary(config);
    decodeLogits(recorder, { state, ...input, logits }, this.#head, {
      rows,
      stride,
      inner: hidden,
      eps,
      dtype: this.model.head.dtype,
    });
    sample(recorder, { state, logits, partials, eos, next, emitted }, {
      rows,
      vocab: config.vocab_size,
      stride,
      temperature,
      greedy,
      eosCount: this.size.eos.length,
      step,
      block: this.size.block,
    });
    compact(recorder, { state, next, moved }, { rows });
  }

  destroy(): void {
    this.#releasePrefill();
    this.model.gpu.release(...this.#pools, ...this.#qkNorms, ...Object.values(this.#buffers));
  }

  #releasePrefill(): void {
    this.#prefill?.destroy();
    if (this.#places) this.model.gpu.release(this.#places);
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
