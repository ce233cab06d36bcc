// Backward of the language-model head: from d loss / d log-prob to the gradient of the residual stream. Each
// chunk of logits is computed again and becomes its own gradient in place, so full logits never exist.

import type { Recorder } from "#shared/engine/gpu/recorder.ts";
import { matmulNN } from "#shared/engine/ops/matmul/matmul.ts";
import type { Head } from "#shared/engine/forward/head.ts";
import { rowShards } from "#shared/engine/model/shards.ts";
import type { Model } from "#shared/engine/model/weights.ts";
import { logProbBackward } from "#shared/engine/ops/log_prob/log_prob_backward.ts";
import { rmsNormBackward } from "#shared/engine/ops/rms_norm/rms_norm_backward.ts";
import { scatterRows } from "#shared/engine/ops/embedding/scatter_rows.ts";
import type { WeightGradients } from "./gradients.ts";
import type { Scratch } from "./scratch.ts";

/**
 * scratch.dx := gradient of the residual stream (tokens, hidden), 0 in rows that predict nothing; adds to the
 * gradients of the head and the final norm. Reads what `head.forward` left and `scratch.coefficients`.
 * @param dgathered scratch of (rows, hidden)
 */
export function headBackward(
  recorder: Recorder,
  model: Model,
  head: Head,
  gradients: WeightGradients,
  scratch: Scratch,
  dgathered: GPUBuffer,
  temperature: number,
): void {
  const { hidden_size: hidden, vocab_size: vocab } = model.config;
  const { rows: stride, dtype } = model.head;
  const { logits } = head;
  for (const chunk of head.chunks()) {
    const { rows } = chunk;
    head.logitsOf(recorder, model, chunk);
    logProbBackward(recorder, {
      logits,
      lse: head.part(head.lse, chunk),
      targets: head.part(head.targets, chunk),
      coefficients: head.part(scratch.coefficients, chunk),
    }, { rows, vocab, stride, temperature });
    gradients.addProduct(recorder, model.head, logits, head.part(head.normed, chunk, hidden), rows);
    const out = head.part(scratch.dnormed, chunk, hidden);
    for (const { binding, first, count } of rowShards(model.gpu, model.head)) {
      const part = { xStride: stride, xFirst: first, accumulate: first > 0, dtype };
      matmulNN(recorder, { x: logits, w: binding, out }, { rows, cols: hidden, inner: count, ...part });
    }
  }
  rmsNormBackward(recorder, {
    x: head.gathered,
    weight: model.norm.buffer,
    rstd: head.rstd,
    dy: scratch.dnormed,
    dx: dgathered,
    dweight: gradients.of(model.norm),
    partials: scratch.partials,
  }, { rows: head.count, cols: hidden, accumulate: false });
  recorder.clear(scratch.dx);
  const { occurrences, order, distinct } = scratch.predictions;
  scatterRows(recorder, { x: dgathered, occurrences, order, out: scratch.dx }, { distinct, cols: hidden });
}
