// The forward pass of a packed batch, as straight-line code: what it records is what runs.

import { attention } from "#shared/engine/ops/attention/attention.ts";
import { gatherRows } from "#shared/engine/ops/embedding/gather_rows.ts";
import { matmulNN } from "#shared/engine/ops/matmul/matmul.ts";
import { rmsNorm } from "#shared/engine/ops/rms_norm/rms_norm.ts";
import { rope } from "#shared/engine/ops/rope/rope.ts";
import { swiglu } from "#shared/engine/ops/swiglu/swiglu.ts";
import type { Recorder } from "#shared/engine/gpu/recorder.ts";
import type { Activations, LayerActivations } from "./activations.ts";
import { rowShards } from "#shared/engine/model/shards.ts";
import { weightForMatmul } from "#shared/engine/model/storage.ts";
import type { Model, Parameter } from "#shared/engine/model/weights.ts";

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
  const { intermediate_size: inner, num_attention_heads: heads, head_dim } = config;
  const tokens = activations.batch!.tokens;
  const weights = model.layers[index]!;
  const layer = activations.layers[index]!;
  attention(
    recorder,
    {
      qkv: layer.qkv,
      tiles: activations.tiles,
      segments: activations.segments,
      out: layer.attnOut,
      lse: layer.lse,
    },
    {
      tiles: activations.tables.count,
      heads,
      kvHeads: config.num_key_value_heads,
      headDim: head_dim,
      window: weights.window,
    },
  );
  const attended = { x: layer.attnOut, residual: layer.xIn, out: layer.xMid };
  multiply(recorder, model, weights.o_proj, attended, tokens);
  mlpInput(recorder, model, activations, index);
  multiply(recorder, model, weights.gate_up, { x: activations.normed, out: layer.gateUp }, tokens);
  swiglu(recorder, { gate_up: layer.gateUp, out: activations.inner }, { rows: tokens, cols: inner });
  const activated = { x: activations.inner, residual: layer.xMid, out: layer.xOut };
  multiply(recorder, model, weights.down_proj, activated, tokens);
}

/** out (rows, weight.cols) = x (rows, weight.rows) weight + its bias + residual. */
function multiply(
  recorder: Recorder,
  model: Model,
  weight: Parameter,
  buffers: { x: GPUBuffer; residual?: GPUBuffer; out: GPUBuffer },
  rows: number,
): void {
  const { w, dtype } = weightForMatmul(recorder, model, weight);
  matmulNN(recorder, { ...buffers, w, bias: weight.bias?.buffer }, {
    rows,
    cols: weight.cols,
    inner: weight.rows,
    dtype,
  });
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
  multiply(recorder, model, weights.qkv, { x: activations.normed, out: layer.qkvRaw }, tokens);
  rope(recorder, {
    raw: layer.qkvRaw,
    positions: activations.positions,
    table: model.ropeTable(activations.batch!.longest, weights),
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
