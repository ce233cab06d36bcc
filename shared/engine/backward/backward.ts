// The whole backward of a packed batch: head, blocks from the last to the first, embedding.

import type { Recorder } from "#shared/engine/gpu/recorder.ts";
import type { Activations } from "#shared/engine/forward/activations.ts";
import type { Head } from "#shared/engine/forward/head.ts";
import { rowShards } from "#shared/engine/model/shards.ts";
import type { Model } from "#shared/engine/model/weights.ts";
import { embeddingBackward } from "#shared/engine/ops/embedding/embedding_backward.ts";
import { blockBackward } from "./block.ts";
import type { WeightGradients } from "./gradients.ts";
import { headBackward } from "./head.ts";
import type { SavedBlocks } from "./saved_blocks.ts";
import type { Scratch } from "./scratch.ts";

/**
 * Adds the gradients of sum(coefficient * log-prob) to `gradients`, after `forward` and `head.forward` on the same
 * activations, `scratch.load` of the same batch and the coefficients in `scratch.coefficients`. The activations are
 * saved ones, or those that `saved` can bring back.
 */
export function backward(
  recorder: Recorder,
  model: Model,
  activations: Activations,
  head: Head,
  gradients: WeightGradients,
  scratch: Scratch,
  temperature: number,
  saved?: SavedBlocks,
): void {
  headBackward(recorder, model, head, gradients, scratch, activations.normed, temperature);
  for (let i = model.layers.length - 1; i >= 0; i--) {
    saved?.restore(recorder, model, activations, i);
    blockBackward(recorder, model, activations, gradients, scratch, i);
  }
  const buffer = gradients.of(model.embed_tokens);
  if (!buffer) return;
  const { dx, tokens: { occurrences, order, distinct } } = scratch;
  for (const { binding, first, count } of rowShards(model.gpu, { ...model.embed_tokens, buffer })) {
    const shape = { distinct, hidden: model.config.hidden_size, first, rows: count };
    embeddingBackward(recorder, { occurrences, order, dx, dweight: binding }, shape);
  }
}
