// Backward of one block, as straight-line code in the reverse order of shared/engine/forward/forward.ts. scratch.dx
// comes in as the gradient of xOut and leaves as that of xIn; the residual connections are its accumulation.

import type { Recorder } from "#shared/engine/gpu/recorder.ts";
import { matmulNN } from "#shared/engine/ops/matmul/matmul.ts";
import { rmsNorm } from "#shared/engine/ops/rms_norm/rms_norm.ts";
import type { Activations } from "#shared/engine/forward/activations.ts";
import { mlpInput } from "#shared/engine/forward/forward.ts";
import { weightForMatmul } from "#shared/engine/model/storage.ts";
import type { Model, Parameter } from "#shared/engine/model/weights.ts";
import { attentionBackward } from "#shared/engine/ops/attention/attention_backward.ts";
import { biasBackward } from "#shared/engine/ops/column_sum/column_sum.ts";
import { rmsNormBackward } from "#shared/engine/ops/rms_norm/rms_norm_backward.ts";
import { qkNormBackward, ropeBackward } from "#shared/engine/ops/rope/rope_backward.ts";
import { swigluBackward } from "#shared/engine/ops/swiglu/swiglu_backward.ts";
import { transpose } from "#shared/engine/ops/transpose/transpose.ts";
import type { WeightGradients } from "./gradients.ts";
import type { Scratch } from "./scratch.ts";

/** Needs activations with `save`; adds to the gradients of the block's parameters. */
export function blockBackward(
  recorder: Recorder,
  model: Model,
  activations: Activations,
  gradients: WeightGradients,
  scratch: Scratch,
  index: number,
): void {
  mlpBackward(recorder, model, activations, gradients, scratch, index);
  attentionBlockBackward(recorder, model, activations, gradients, scratch, index);
}

/** xOut = xMid + swiglu(norm(xMid) gate_up) down_proj. */
function mlpBackward(
  recorder: Recorder,
  model: Model,
  activations: Activations,
  gradients: WeightGradients,
  scratch: Scratch,
  index: number,
): void {
  const { hidden_size: hidden, intermediate_size: inner } = model.config;
  const rows = activations.batch!.tokens;
  const weights = model.layers[index]!;
  const { gateUp, xMid, rstd2 } = activations.layers[index]!;
  const { dx, dnormed, dgateUp, partials } = scratch;

  // activations.inner: first the gradient of the inner activation, then the activation itself.
  const act = activations.inner;
  inputGradient(recorder, model, scratch, weights.down_proj, dx, act, rows);
  swigluBackward(recorder, { gate_up: gateUp, d: act, dgate_up: dgateUp }, { rows, cols: inner });
  weightGradient(recorder, gradients, scratch, weights.down_proj, act, dx, rows);

  mlpInput(recorder, model, activations, index);
  weightGradient(recorder, gradients, scratch, weights.gate_up, activations.normed, dgateUp, rows);
  inputGradient(recorder, model, scratch, weights.gate_up, dgateUp, dnormed, rows);
  rmsNormBackward(recorder, {
    x: xMid,
    weight: weights.post_attention_layernorm.buffer,
    rstd: rstd2,
    dy: dnormed,
    dx,
    dweight: gradients.of(weights.post_attention_layernorm),
    partials,
  }, { rows, cols: hidden, accumulate: true });
}

/** xMid = xIn + attention(rope(norm(xIn) qkv + bias)) o_proj. */
function attentionBlockBackward(
  recorder: Recorder,
  model: Model,
  activations: Activations,
  gradients: WeightGradients,
  scratch: Scratch,
  index: number,
): void {
  const { config } = model;
  const { hidden_size: hidden, num_attention_heads: heads, head_dim: headDim, rms_norm_eps: eps } = config;
  const shape = { tokens: activations.batch!.tokens, heads, kvHeads: config.num_key_value_heads, headDim };
  const rows = shape.tokens;
  const weights = model.layers[index]!;
  const layer = activations.layers[index]!;
  const { dx, dnormed, dqkv, partials } = scratch;

  inputGradient(recorder, model, scratch, weights.o_proj, dx, dnormed, rows);
  weightGradient(recorder, gradients, scratch, weights.o_proj, layer.attnOut, dx, rows);
  const { d, probability, dscore, scoreFloats } = scratch;
  const { tiles, segments, tables } = activations;
  const { qkv, attnOut: out, lse } = layer;
  attentionBackward(
    recorder,
    { qkv, out, lse, dout: dnormed, tiles, segments, d, probability, dscore, dqkv },
    { ...shape, window: weights.window },
    { ...tables, scratchFloats: scoreFloats },
  );
  const table = model.ropeTable(activations.batch!.longest, weights);
  ropeBackward(recorder, { positions: activations.positions, table, dqkv }, shape);
  const { q_norm, k_norm } = weights;
  if (q_norm && k_norm) {
    qkNormBackward(recorder, {
      raw: layer.qkvRaw,
      q_norm: q_norm.buffer,
      k_norm: k_norm.buffer,
      rstd: scratch.headRstd,
      partials,
      dqkv,
      dq_norm: gradients.of(q_norm),
      dk_norm: gradients.of(k_norm),
    }, { ...shape, eps });
  }

  const normed = activations.normed;
  const norm = weights.input_layernorm;
  rmsNorm(
    recorder,
    { x: layer.xIn, weight: norm.buffer, out: normed, rstd: layer.rstd1 },
    { rows, cols: hidden, eps },
  );
  weightGradient(recorder, gradients, scratch, weights.qkv, normed, dqkv, rows);
  inputGradient(recorder, model, scratch, weights.qkv, dqkv, dnormed, rows);
  rmsNormBackward(recorder, {
    x: layer.xIn,
    weight: norm.buffer,
    rstd: layer.rstd1,
    dy: dnormed,
    dx,
    dweight: gradients.of(norm),
    partials,
  }, { rows, cols: hidden, accumulate: true });
}

/** Adds x^T dy to the gradient of a matrix and the column sums of dy to that of its bias. */
function weightGradient(
  recorder: Recorder,
  gradients: WeightGradients,
  { partials }: Scratch,
  weight: Parameter,
  x: GPUBuffer,
  dy: GPUBuffer,
  rows: number,
): void {
  gradients.addProduct(recorder, weight, x, dy, rows);
  const db = weight.bias && gradients.of(weight.bias);
  if (db) biasBackward(recorder, { dy, partials, db }, { rows, cols: weight.cols });
}

/** dx (rows, weight.rows) = dy (rows, weight.cols) weight^T, through a transposed copy of the weight. */
function inputGradient(
  recorder: Recorder,
  model: Model,
  { transposed }: Scratch,
  weight: Parameter,
  dy: GPUBuffer,
  dx: GPUBuffer,
  rows: number,
): void {
  const { w, dtype } = weightForMatmul(recorder, model, weight);
  transpose(recorder, { x: w, out: transposed }, { rows: weight.rows, cols: weight.cols, dtype });
  matmulNN(recorder, { x: dy, w: transposed, out: dx }, { rows, cols: weight.rows, inner: weight.cols });
}
