// One update of groups of completions for benches/update.ts, by the build in a folder.
// Arguments: folder, "shared", "apart" or "before", model, shape, and "sample" to sample the completions as well, or
// "decode" to do nothing else.

import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { ADAM, batchOfGroups, GROUP_MODELS } from "./step.ts";
import { takeTurns } from "./turns.ts";

const [root, variant, name, shape, sample] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
/** An engine folder is where builds with shared prefixes have it. */
const engine = existsSync(join(root, "shared/engine"));
const load = (now: string, before: string) => import(join(root, engine ? now : before));
const { openGpu } = await load("shared/engine/gpu/device.ts", "shared/gpu/device.ts");
const { dawn } = await load("shared/engine/hosts/dawn.ts", "trainer/dawn.ts");
const { parseConfig } = await load("shared/engine/model/config.ts", "shared/model/config.ts");
const { randomModel } = await load("shared/engine/model/initialise.ts", "shared/model/initialise.ts");
const { Generator } = await load("shared/engine/generation/generate.ts", "shared/model/generate.ts");
const { Learner } = await load("trainer/learner/learner.ts", "trainer/learner.ts");
const { Optimizer } = await load("trainer/learner/optimizer.ts", "trainer/optimizer.ts");

const [prompts, promptTokens, samples, tokens] = shape.split("x").map(Number) as [
  number,
  number,
  number,
  number,
];
const sequences = batchOfGroups(prompts, promptTokens, samples, tokens);
const apart = prompts * samples * (promptTokens + tokens);
const together = prompts * (promptTokens + samples * (tokens - 1));
const computed = variant === "shared" ? together : variant === "apart" ? apart - sequences.length : apart;

const gpu = await openGpu(dawn());
const model = randomModel(gpu, parseConfig(GROUP_MODELS[name]), 1);
const weights = gpu.liveBytes;
const learner = new Learner(model, {
  micro_batch_tokens: Math.max(computed, promptTokens + tokens, prompts * samples * tokens),
  temperature: 1,
  share_prefixes: variant === "shared",
});
const bytes = gpu.liveBytes - 2 * weights; // the gradients are as large as the weights
const optimizer = new Optimizer(model, learner.gradients.buffers, {
  adam_beta1: ADAM.beta1,
  adam_beta2: ADAM.beta2,
  adam_epsilon: ADAM.eps,
  weight_decay: 0,
  max_grad_norm: 1,
});
const coefficients = sequences.map((_, i) => new Float32Array(tokens).fill(i % 2 === 0 ? 1e-3 : -1e-3));

const generator = new Generator(model);
const requests = Array.from({ length: prompts }, (_, i) => ({
  prompt_ids: sequences[i * samples]!.ids.slice(0, promptTokens),
  samples,
  key: [0, i],
}));
const options = { max_tokens: tokens, temperature: 1, greedy: false, seed: 1, eos_ids: [] };

/** As a step of training does it: the log-probs are read before the coefficients are known. */
async function update(): Promise<void> {
  if (sample) await generator.generate(requests, options);
  if (sample === "decode") return;
  const pass = await learner.forward(sequences);
  // Earlier builds keep what the backward needs themselves.
  await (learner.backward.length === 1
    ? learner.backward(coefficients)
    : learner.backward(pass, coefficients));
  await optimizer.step(1e-6);
}

await update(); // compiles
await update();
await takeTurns({ parameters: model.size, bytes, tokens: computed }, update);
gpu.close();
