// Gradient of the LM head's log-probs with respect to a chunk of logits.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import type { LogProbShape } from "./log_prob.ts";
import source from "./log_prob_backward.wgsl" with { type: "text" };

/**
 * logits := coefficient * (onehot(target) - softmax(logits / T)) / T, in place.
 * Shapes: logits (rows, stride), stride being the padded vocabulary; lse, targets, coefficients (rows).
 */
export function logProbBackward(
  recorder: Recorder,
  buffers: { logits: Binding; lse: Binding; targets: Binding; coefficients: Binding },
  { rows, vocab, stride, temperature }: LogProbShape,
): void {
  const params = { rows, vocab, stride, inverse_temperature: 1 / temperature };
  const kernel = recorder.gpu.kernel("log_prob_backward", source);
  recorder.dispatch(kernel, params, buffers, linearGrid(rows * stride / 4, 64));
}
