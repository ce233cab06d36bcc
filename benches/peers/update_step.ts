// One update of groups of completions for benches/update.ts, by the build in a folder.
// Arguments: folder, "shared", "apart" or "before", model, shape, and "sample" to sample the completions as well, or
// "decode" to do nothing else.

import process from "node:process";
import { engineOf } from "./engine_of.ts";
import { ADAM, batchOfGroups, GROUP_MODELS } from "./step.ts";
import { takeTurns } from "./turns.ts";

const [root, variant, name, shape, sample] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const engine = await engineOf(root);
const { gpu } = engine;

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

const model = engine.randomModel(gpu, engine.parseConfig(GROUP_MODELS[name]), 1);
const weights = gpu.liveBytes;
const learner = new engine.Learner(model, {
  micro_batch_tokens: Math.max(computed, promptTokens + tokens, prompts * samples * tokens),
  temperature: 1,
  share_prefixes: variant === "shared",
});
const bytes = gpu.liveBytes - 2 * weights; // the gradients are as large as the weights
const optimizer = new engine.Optimizer(model, learner.gradients.buffers, {
  adam_beta1: ADAM.beta1,
  adam_beta2: ADAM.beta2,
  adam_epsilon: ADAM.eps,
  weight_decay: 0,
  max_grad_norm: 1,
});
const coefficients = sequences.map((_, i) => new Float32Array(tokens).fill(i % 2 === 0 ? 1e-3 : -1e-3));

const generator = new engine.Generator(model);
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
  await engine.accumulate(learner, sequences, coefficients);
  await optimizer.step(1e-6);
}

await update(); // compiles
await update();
await takeTurns({ parameters: model.size, bytes, tokens: computed }, update);
gpu.close();
