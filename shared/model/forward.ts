// The forward pass of a packed batch, as straight-line code: what it records is what runs.

import { attention } from "#shared/kernels/attention.ts";
import { gatherRows } from "#shared/kernels/gather_rows.ts";
import { matmulNN } from "#shared/kernels/matmul.ts";
import { rmsNorm } from "#shared/kernels/rms_norm.ts";
import { rope } from "#shared/kernels/rope.ts";
import { swiglu } from "#shared/kernels/swiglu.ts";
import type { Recorder } from "#shared/gpu/recorder.ts";
import type { Activations, LayerActivations } from "./activations.ts";
import { rowShards } from "./shards.ts";
import { floatMatrix } from "./storage.ts";
import type { Model } from "./weights.ts";

/** Embeds the loaded batch and runs every block; the result is `activations.x`. */
export function forward(recorder: Recorder, model: Model, activations: Activations): void {
  embed(recorder, model, activations);
  for (let i = 0; i < model.layers.length; i++) blockForward(recorder, model, activations, i);
}

/** Writes the embeddings of the loaded ids into the first layer's xIn. */
export function embed(recorder: Recorder, model: Model, { batch, ids, layers }: Activations): void {
  const out = layers[0]!.xIn;
  const { dtype } = model.embed_tokens;
  for (const { binding, first, count } of rowShards(model.gpu, model.embed_tokens)) {
    const shape = { count: batch!.tokens, cols: model.config.hidden_size, first, rows: count, dtype };
    gatherRows(recorder, { table: binding, indices: ids, out }, shape);
  }
}

/** One block: xIn -> attention -> xMid -> MLP -> xOut. */
export function blockForward(
  recorder: Recorder,
  model: Model,
  activations: Activations,
  index: number,
): void {
  attentionInput(recorder, model, activations, index);
  finishBlock(recorder, model, activations, index);
}

/** The rest of a block after `attentionInput`: from qkv to xOut. */
export function finishBlock(recorder: Recorder, model: Model, activations: Activations, index: number): void {
  const { config } = model;
  const { hidden_size: hidden, intermediate_size: inner, num_attention_heads: heads, head_dim } = config;
  const tokens = activations.batch!.tokens;
  const weights = model.layers[index]!;
  const layer = activations.layers[index]!;
  attention(
    recorder,
    { qkv: layer.qkv, seg_start: activations.segStart, out: layer.attnOut, lse: layer.lse },
    { tokens, heads, kvHeads: config.num_key_value_heads, headDim: head_dim },
  );
  matmulNN(
    recorder,
    {
      x: layer.attnOut,
      w: floatMatrix(recorder, model, weights.o_proj),
      residual: layer.xIn,
      out: layer.xMid,
    },
    { rows: tokens, cols: hidden, inner: heads * head_dim },
  );
  mlpInput(recorder, model, activations, index);
  matmulNN(
    recorder,
    { x: activations.normed, w: floatMatrix(recorder, model, weights.gate_up), out: layer.gateUp },
    { rows: tokens, cols: 2 * inner, inner: hidden },
  );
  swiglu(recorder, { gate_up: layer.gateUp, out: activations.inner }, { rows: tokens, cols: inner });
  matmulNN(
    recorder,
    {
      x: activations.inner,
      w: floatMatrix(recorder, model, weights.down_proj),
      residual: layer.xMid,
      out: layer.xOut,
    },
    { rows: tokens, cols: hidden, inner },
  );
}

/** The first part of a block, as far as `qkv`: all that a prompt's keys and values need. */
export function attentionInput(
  recorder: Recorder,
  model: Model,
  activations: Activations,
  index: number,
): void {
  const { config } = model;
  const { hidden_size: hidden, num_attention_heads: heads, head_dim } = config;
  const kvHeads = config.num_key_value_heads;
  const tokens = activations.batch!.tokens;
  const weights = model.layers[index]!;
  const layer = activations.layers[index]!;
  const eps = config.rms_norm_eps;
  rmsNorm(
    recorder,
    { x: layer.xIn, weight: weights.input_layernorm.buffer, out: activations.normed, rstd: layer.rstd1 },
    { rows: tokens, cols: hidden, eps },
  );
  matmulNN(
    recorder,
    {
      x: activations.normed,
      w: floatMatrix(recorder, model, weights.qkv),
      bias: weights.qkv_bias?.buffer,
      out: layer.qkvRaw,
    },
    { rows: tokens, cols: weights.qkv.cols, inner: hidden },
  );
  rope(recorder, {
    raw: layer.qkvRaw,
    positions: activations.positions,
    table: model.ropeTable(activations.batch!.longest),
    q_norm: weights.q_norm?.buffer,
    k_norm: weights.k_norm?.buffer,
    qkv: layer.qkv,
  }, { tokens, heads, kvHeads, headDim: head_dim, eps });
}

/** Normalises xMid into `activations.normed`; the backward calls it again to recompute that input. */
export function mlpInput(recorder: Recorder, model: Model, activations: Activations, index: number): void {
  const { xMid, rstd2 }: LayerActivations = activations.layers[index]!;
  const weight = model.layers[index]!.post_attention_layernorm.buffer;
  const { hidden_size, rms_norm_eps } = model.config;
  const shape = { rows: activations.batch!.tokens, cols: hidden_size, eps: rms_norm_eps };
  rmsNorm(recorder, { x: xMid, weight, out: activations.normed, rstd: rstd2 }, shape);
}
