// One training step of this engine, timed for benches/training_step.ts. Argument: the model's name.

import { openGpu } from "#shared/engine/gpu/device.ts";
import { Recorder } from "#shared/engine/gpu/recorder.ts";
import { matmulNN } from "#shared/engine/ops/matmul/matmul.ts";
import { randomModel } from "#shared/engine/model/initialise.ts";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import { Learner } from "../../trainer/learner/learner.ts";
import { Optimizer } from "../../trainer/learner/optimizer.ts";
import { operands, timed } from "./shapes.mjs";
import { ADAM, batch, MODELS, SEQUENCES, TOKENS } from "./step.ts";
import { medianStep } from "./step_timing.ts";

const config = MODELS[process.argv[2]!]!;
const gpu = await openGpu(dawn());
const model = randomModel(gpu, config, 1);
const learner = new Learner(model, { micro_batch_tokens: SEQUENCES * (TOKENS + 1), temperature: 1 });
const optimizer = new Optimizer(model, learner.gradients.buffers, {
  adam_beta1: ADAM.beta1,
  adam_beta2: ADAM.beta2,
  adam_epsilon: ADAM.eps,
  weight_decay: 0,
  max_grad_norm: 0,
});
const sequences = batch(config).map((ids) => ({ ids, prompt_length: 1 }));
const count = SEQUENCES * TOKENS;
const coefficients = sequences.map(() => new Float32Array(TOKENS).fill(-1 / count));

const steps = await medianStep(async () => {
  const { logprobs } = await learner.accumulate(sequences, coefficients);
  const { grad_norm } = await optimizer.step(ADAM.lr);
  let total = 0;
  for (const own of logprobs) for (const value of own) total += value;
  return { loss: -total / count, grad_norm };
});

// The rate to compare with: 512 x 512 x 512 as benches/peers.ts times it.
const recorder = new Recorder(gpu);
const { x, w } = operands(512, 512, 512);
const [left, right] = [gpu.upload("x", x), gpu.upload("w", w)];
const out = gpu.allocate("out", 512 * 512 * 4);
const product = await timed(
  () => matmulNN(recorder, { x: left, w: right, out }, { rows: 512, cols: 512, inner: 512 }),
  async () => {
    recorder.submit();
    await gpu.idle();
  },
);
console.log(JSON.stringify({
  adapter: gpu.facts.description,
  size: model.size,
  product_gflops: 2 * 512 ** 3 / product.wall_s / 1e9,
  ...steps,
}));
gpu.close();
