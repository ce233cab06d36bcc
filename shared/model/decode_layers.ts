// A decode step layer by layer: for hardware GPUs, and for models too large for decode_program.ts.

import type { Recorder } from "#shared/gpu/recorder.ts";
import {
  decodeAttention,
  decodeEmbed,
  decodeLogits,
  decodeNormMatmul,
  decodeResidualMatmul,
  sample,
  sampleScratchBytes,
  squaresBytes,
} from "#shared/kernels/decode.ts";
import type { StepBuffers, StepOptions } from "./decoder.ts";
import { rowShards, type Shard } from "./shards.ts";
import { operand } from "./storage.ts";
import { type Model, paddedVocabulary } from "./weights.ts";

export class LayerSteps {
  readonly #buffers;
  readonly #qkNorms: GPUBuffer[];
  readonly #table: Shard[];
  readonly #head: Shard[];

  constructor(readonly model: Model, readonly pools: readonly GPUBuffer[], rows: number) {
    const { gpu, config } = model;
    const column = (label: string, cols: number) => gpu.allocate(`decode ${label}`, rows * cols * 4);
    this.#buffers = {
      x: column("x", config.hidden_size),
      scaled: column("scaled", config.hidden_size),
      squares: gpu.allocate("decode squares", squaresBytes(rows, config.hidden_size)),
      raw: column("qkv", model.layers[0]!.qkv.cols),
      attended: column("attention", config.num_attention_heads * config.head_dim),
      middle: column("x_mid", config.hidden_size),
      inner: column("inner", config.intermediate_size),
      logits: column("logits", paddedVocabulary(config)),
      partials: gpu.allocate("decode partials", sampleScratchBytes(rows, config.vocab_size)),
    };
    this.#table = rowShards(gpu, model.embed_tokens);
    this.#head = rowShards(gpu, model.head);
    this.#qkNorms = model.layers[0]!.q_norm
      ? model.layers.map(() => gpu.allocate("qk_norm", 2 * config.head_dim * 4))
      : [];
  }

  /** Takes over the weights that are kept joined; to be called after every change of the model. */
  refresh(recorder: Recorder): void {
    const bytes = this.model.config.head_dim * 4;
    for (const [i, buffer] of this.#qkNorms.entries()) {
      recorder.copy(this.model.layers[i]!.q_norm!.buffer, 0, buffer, 0, bytes);
      recorder.copy(this.model.layers[i]!.k_norm!.buffer, 0, buffer, bytes, bytes);
    }
  }

  /** Records one token for the first `rows` rows. */
  step(
    recorder: Recorder,
    { state, next, emitted, eos }: StepBuffers,
    { rows, step, block, positions, temperature, greedy, eosCount }: StepOptions,
  ): void {
    const { x, scaled, squares, raw, attended, middle, inner, logits, partials } = this.#buffers;
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
        { state, input, ...operand(recorder, this.model, qkv), bias: qkv_bias?.buffer, out: raw },
        { rows, cols: qkv.cols, inner: hidden, eps },
      );
      decodeAttention(
        recorder,
        { state, raw, table, qk_norm: this.#qkNorms[i], pool: this.pools[i]!, out: attended },
        { rows, heads, kvHeads: config.num_key_value_heads, headDim, eps },
      );
      decodeResidualMatmul(recorder, {
        state,
        x: attended,
        ...operand(recorder, this.model, o_proj),
        residual: x,
        norm: post_attention_layernorm.buffer,
        out: middle,
        output: input,
      }, { rows, cols: hidden, inner: heads * headDim });
      decodeNormMatmul(
        recorder,
        { state, input, ...operand(recorder, this.model, gate_up), out: inner },
        { rows, cols: config.intermediate_size, inner: hidden, eps, swiglu: true },
      );
      decodeResidualMatmul(recorder, {
        state,
        x: inner,
        ...operand(recorder, this.model, down_proj),
        residual: middle,
        norm: (layers[i + 1]?.input_layernorm ?? norm).buffer,
        out: x,
        output: input,
      }, { rows, cols: hidden, inner: config.intermediate_size });
    }
    const stride = paddedVocabulary(config);
    const { dtype } = this.model.head;
    decodeLogits(recorder, { state, ...input, logits }, this.#head, {
      rows,
      stride,
      inner: hidden,
      eps,
      dtype,
    });
    const vocab = config.vocab_size;
    const shape = { rows, vocab, stride, temperature, greedy, eosCount, step, block };
    sample(recorder, { state, logits, partials, eos, next, emitted }, shape);
  }

  destroy(): void {
    this.model.gpu.release(...this.#qkNorms, ...Object.values(this.#buffers));
  }
}
