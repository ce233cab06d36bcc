// A decode step layer by layer: for hardware GPUs, and for models too large for decode_program.ts.

import type { Binding, Recorder } from "#shared/engine/gpu/recorder.ts";
import {
  decodeBias,
  decodeEmbed,
  decodeLogits,
  decodeMatmul,
  decodeNormMatmul,
  decodeResidualMatmul,
  type NormInput,
  squaresBytes,
} from "#shared/engine/ops/decode/decode.ts";
import { decodeAttention } from "#shared/engine/ops/attention/decode_attention.ts";
import { sampleScratchBytes, sampleTokens } from "#shared/engine/ops/sampling/sample.ts";
import type { StepBuffers, StepOptions } from "./step.ts";
import { rowShards, type Shard } from "#shared/engine/model/shards.ts";
import { MergedAdapters } from "./merged_adapters.ts";
import { type Model, paddedVocabulary, type Parameter } from "#shared/engine/model/weights.ts";

export class LayerSteps {
  readonly #buffers;
  readonly #qkNorms: GPUBuffer[];
  readonly #table: Shard[];
  readonly #head: Shard[];
  readonly #adapters: ReadonlyMap<Parameter, MergedAdapters>;

  constructor(readonly model: Model, readonly pools: readonly Binding[], rows: number) {
    const { gpu, config } = model;
    const column = (label: string, cols: number) => gpu.allocate(`decode ${label}`, rows * cols * 4);
    this.#adapters = new Map(
      model.adapted().map((parameter) => [parameter, new MergedAdapters(model, parameter)]),
    );
    const merged = [...this.#adapters.values()];
    const widest = (sizes: number[]) => Math.max(1, ...sizes);
    this.#buffers = {
      xa: column("adapters", widest(merged.map(({ rank }) => rank))),
      low: column("product of adapters", widest(merged.map(({ parameter }) => parameter.cols))),
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

  /** Takes over the weights that are kept merged; to be called after every change of the model. */
  refresh(recorder: Recorder): void {
    const bytes = this.model.config.head_dim * 4;
    for (const [i, buffer] of this.#qkNorms.entries()) {
      recorder.copy(this.model.layers[i]!.q_norm!.buffer, 0, buffer, 0, bytes);
      recorder.copy(this.model.layers[i]!.k_norm!.buffer, 0, buffer, bytes, bytes);
    }
    for (const merged of this.#adapters.values()) merged.refresh(recorder);
  }

  /** Records one token for the first `rows` rows. */
  step(
    recorder: Recorder,
    { state, next, emitted, eos }: StepBuffers,
    { rows, step, block, positions, temperature, greedy, eosCount }: StepOptions,
  ): void {
    const { x, scaled, squares, raw, attended, middle, inner, logits, partials } = this.#buffers;
    const { config, layers, norm: last } = this.model;
    const { hidden_size: hidden, head_dim: headDim, rms_norm_eps: eps } = config;
    const heads = config.num_attention_heads;
    const input = { scaled, squares }; // what the next norm takes of the residual stream
    const firstNorm = layers[0]!.input_layernorm.buffer;
    decodeEmbed(recorder, { state, x, norm: firstNorm, ...input }, this.#table, {
      rows,
      hidden,
      dtype: this.model.embed_tokens.dtype,
    });
    const normed = { state, input, rows };
    for (const [i, layer] of layers.entries()) {
      const { qkv, o_proj, post_attention_layernorm, gate_up, down_proj } = layer;
      const table = this.model.ropeTable(positions, layer);
      this.#afterNorm(recorder, normed, qkv, { out: raw });
      decodeAttention(
        recorder,
        { state, raw, table, qk_norm: this.#qkNorms[i], pool: this.pools[i]!, out: attended },
        { rows, heads, kvHeads: config.num_key_value_heads, headDim, eps, window: layer.window },
      );
      const added = { state, x: attended, residual: x, norm: post_attention_layernorm.buffer, out: middle };
      this.#intoResidual(recorder, { ...added, output: input }, o_proj, rows);
      this.#afterNorm(recorder, normed, gate_up, { out: inner, swiglu: true });
      const norm = (layers[i + 1]?.input_layernorm ?? last).buffer;
      const next = { state, x: inner, residual: middle, norm, out: x };
      this.#intoResidual(recorder, { ...next, output: input }, down_proj, rows);
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
    sampleTokens(recorder, { state, logits, partials, eos, next, emitted }, shape);
  }

  /** out = norm(x) weight + its bias, adapters included; with `swiglu` silu(gate) * up of it. */
  #afterNorm(
    recorder: Recorder,
    { state, input, rows }: { state: GPUBuffer; input: NormInput; rows: number },
    weight: Parameter,
    { out, swiglu = false }: { out: GPUBuffer; swiglu?: boolean },
  ): void {
    const { rms_norm_eps: eps } = this.model.config;
    const { rows: inner, cols, buffer: w, dtype } = weight;
    const bias = weight.bias?.buffer;
    const shape = { rows, cols: swiglu ? cols / 2 : cols, inner, eps, swiglu };
    const adapters = this.#adapters.get(weight);
    if (!adapters) return decodeNormMatmul(recorder, { state, input, w, dtype, bias, out }, shape);
    const { a, b, rank } = adapters;
    const { xa, low, squares } = this.#buffers;
    decodeNormMatmul(recorder, { state, input, w: a, out: xa }, { rows, cols: rank, inner, eps });
    decodeMatmul(recorder, { state, x: xa, w: b, bias, out: low, squares }, { rows, cols, inner: rank });
    decodeNormMatmul(recorder, { state, input, w, dtype, residual: low, out }, shape);
  }

  /**
   * out = residual + x weight + its bias, adapters included, and what the next norm takes of it. With a bias, the
   * residual is changed.
   */
  #intoResidual(
    recorder: Recorder,
    buffers: {
      state: GPUBuffer;
      x: GPUBuffer;
      residual: GPUBuffer;
      norm: GPUBuffer;
      out: GPUBuffer;
      output: NormInput;
    },
    weight: Parameter,
    rows: number,
  ): void {
    const { rows: inner, cols, buffer: w, dtype } = weight;
    const shape = { rows, cols, inner };
    const { state, x, residual } = buffers;
    if (weight.bias) decodeBias(recorder, { state, bias: weight.bias.buffer, x: residual }, { rows, cols });
    const adapters = this.#adapters.get(weight);
    if (!adapters) return decodeResidualMatmul(recorder, { ...buffers, w, dtype }, shape);
    const { a, b, rank } = adapters;
    const { xa, low, squares } = this.#buffers;
    decodeMatmul(recorder, { state, x, w: a, out: xa, squares }, { rows, cols: rank, inner });
    decodeMatmul(recorder, { state, x: xa, w: b, residual, out: low, squares }, { rows, cols, inner: rank });
    decodeResidualMatmul(recorder, { ...buffers, w, dtype, residual: low }, shape);
  }

  destroy(): void {
    for (const merged of this.#adapters.values()) merged.destroy();
    this.model.gpu.release(...this.#qkNorms, ...Object.values(this.#buffers));
  }
}
