// One GHPO step on a real model with adapters for benches/guided_step.ts, by the build in a folder.
// Arguments: folder, model, tokens of a completion, micro_batch_tokens. The first line of input is the job.

import { createInterface } from "node:readline";
import process from "node:process";
import { engineOf } from "./engine_of.ts";
import { ADAM } from "./step.ts";
import { takeTurns } from "./turns.ts";

/** Prompts of each round, of which the last `trained` ones of a problem are learned from. */
export interface GuidedJob {
  samples: number;
  rounds: { problem: number; prompt_ids: number[]; trained: boolean }[][];
}

const [root, directory, tokens, micro_batch_tokens] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
];
const input = createInterface({ input: process.stdin })[Symbol.asyncIterator](); // goes on after the job
const job = JSON.parse((await input.next()).value!) as GuidedJob;
const engine = await engineOf(root);
const { gpu } = engine;
const model = engine.loadModel(gpu, directory);
const settings = { micro_batch_tokens: Number(micro_batch_tokens), temperature: 1 };
const modules = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
const lora = new engine.Lora(
  model,
  { r: 16, lora_alpha: 32, target_modules: modules },
  settings.micro_batch_tokens,
  1,
);
const learner = new engine.Learner(model, settings, lora);
const optimizer = new engine.Optimizer(lora, learner.gradients.buffers, {
  adam_beta1: ADAM.beta1,
  adam_beta2: ADAM.beta2,
  adam_epsilon: ADAM.eps,
  weight_decay: 0,
  max_grad_norm: 1,
});
const generator = new engine.Generator(model);
/** No end token, so that all completions have the same length in both builds. */
const options = { max_tokens: Number(tokens), temperature: 1, greedy: false, seed: 1, eos_ids: [] };

/** Rounds of sampling, then the update, a micro-batch after the other. */
async function step(): Promise<Record<string, number>> {
  const began = performance.now();
  const batch: { ids: number[]; prompt_length: number }[] = [];
  for (const [round, own] of job.rounds.entries()) {
    const requests = own.map(({ problem, prompt_ids }) => {
      return { prompt_ids, samples: job.samples, key: [round, problem] };
    });
    const groups = await generator.generate(requests, { ...options, extend: round > 0 });
    for (const [i, { prompt_ids, trained }] of own.entries()) {
      if (!trained) continue;
      batch.push(...groups[i].map(({ ids }: { ids: number[] }) => {
        return { ids: [...prompt_ids, ...ids], prompt_length: prompt_ids.length };
      }));
    }
  }
  const sampled = performance.now();
  for (const part of engine.parts(batch, settings.micro_batch_tokens)) {
    const signs = part.map((_, i) => new Float32Array(options.max_tokens).fill(i % 2 ? -1e-4 : 1e-4));
    await engine.accumulate(learner, part, signs);
  }
  await optimizer.step(1e-7);
  lora.merge();
  return { sampling: (sampled - began) / 1000, update: (performance.now() - sampled) / 1000 };
}

await step(); // compiles
await takeTurns({ parameters: model.size }, step, input);
gpu.close();
