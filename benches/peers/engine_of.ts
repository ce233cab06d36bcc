// The engine of the build in a folder, this one or an earlier one, for benches that compare the two.

import { existsSync } from "node:fs";
import { join } from "node:path";

/** @param root a checkout; an engine folder is where builds with shared prefixes have it */
export async function engineOf(root: string) {
  const now = existsSync(join(root, "shared/engine"));
  const load = (here: string, before: string) => import(join(root, now ? here : before));
  const { openGpu } = await load("shared/engine/gpu/device.ts", "shared/gpu/device.ts");
  const { dawn } = await load("shared/engine/hosts/dawn.ts", "trainer/dawn.ts");
  const { parseConfig } = await load("shared/engine/model/config.ts", "shared/model/config.ts");
  const { randomModel } = await load("shared/engine/model/initialise.ts", "shared/model/initialise.ts");
  const { loadModel } = await load("shared/engine/model/load.ts", "shared/model/load.ts");
  const { Generator } = await load("shared/engine/generation/generate.ts", "shared/model/generate.ts");
  const { Lora } = await load("shared/engine/lora/lora.ts", "trainer/backward/lora.ts");
  const { Learner } = await load("trainer/learner/learner.ts", "trainer/learner.ts");
  const { Optimizer } = await load("trainer/learner/optimizer.ts", "trainer/optimizer.ts");
  const { inMicroBatches, microBatches } = await load(
    "shared/engine/backward/micro_batches.ts",
    "trainer/backward/micro_batches.ts",
  );
  const parts = <T>(batch: T[], limit: number): T[][] =>
    inMicroBatches?.(batch, limit) ??
      microBatches(batch, batch.keys(), limit).map((part: number[]) => part.map((i) => batch[i]!));
  /** Forward and backward of one micro-batch; earlier builds keep what the backward needs themselves. */
  const accumulate = async (
    learner: InstanceType<typeof Learner>,
    batch: unknown[],
    coefficients: Float32Array[],
  ): Promise<void> => {
    const pass = await learner.forward(batch);
    await (learner.backward.length === 1
      ? learner.backward(coefficients)
      : learner.backward(pass, coefficients));
  };
  const gpu = await openGpu(dawn());
  return {
    gpu,
    parseConfig,
    randomModel,
    loadModel,
    Generator,
    Lora,
    Learner,
    Optimizer,
    parts,
    accumulate,
  };
}
