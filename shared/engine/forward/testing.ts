// Log-probabilities by the forward pass alone, to compare with.

import { run } from "#shared/engine/gpu/testing.ts";
import type { Model } from "#shared/engine/model/weights.ts";
import { Activations } from "./activations.ts";
import { forward } from "./forward.ts";
import { Head } from "./head.ts";
import { pack } from "./packing.ts";

/** Of each target, after the row of the sequence that stands at the same place in `rows`. */
export async function forwardLogProbs(
  model: Model,
  ids: readonly number[],
  rows: Uint32Array,
  targets: Uint32Array,
  temperature = 1,
): Promise<Float32Array> {
  const { gpu, config } = model;
  const activations = new Activations(gpu, config, ids.length, { save: false });
  const head = new Head(gpu, config, rows.length);
  activations.load(pack([[...ids]]));
  head.load(rows, targets);
  await run((recorder) => {
    forward(recorder, model, activations);
    head.forward(recorder, model, activations.x, temperature);
  });
  const logProbs = await gpu.readFloats(head.logProb, rows.length);
  for (const part of [activations, head]) part.destroy();
  return logProbs;
}
