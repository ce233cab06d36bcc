// Every loss type against TRL's own loss on the same model: the gradient of each parameter by itself, with ratios away from 1, and
// in the second iteration over a batch. The fixtures come from loss_types.py.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { assertClose, testGpu } from "#shared/engine/gpu/testing.ts";
import { SafetensorsFile } from "#shared/io/safetensors.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import { LOSSES } from "../ghpo/losses/index.ts";
import { objective } from "../ghpo/objective.ts";
import { Learner } from "../learner/learner.ts";
import { Optimizer } from "../learner/optimizer.ts";
import { fixture } from "#shared/engine/model/testing.ts";

interface Batch {
  temperature: number;
  prompt_lengths: number[];
  ids: number[][];
  advantages: number[];
  old_logprobs: number[][];
  reference_logprobs: number[][];
  beta1: number;
  beta2: number;
  adam_epsilon: number;
}

interface Setting {
  name: string;
  loss_type: string;
  epsilon?: number;
  epsilon_high?: number;
  beta?: number;
  loss: number;
}

const FIXTURES = `${import.meta.dirname}/fixtures`;
const read = (path: string) => JSON.parse(readFileSync(join(FIXTURES, path), "utf8"));
const { cases, learning_rate, max_completion_length }: {
  cases: Setting[];
  learning_rate: number;
  max_completion_length: number;
} = read("loss_types/cases.json");

const groups: { batch: Batch; cases: Setting[] } = read("loss_types/groups.json");

/** Forward, loss and backward; the log-probs that the forward gave. */
async function accumulate(
  learner: Learner,
  batch: Batch,
  setting: Setting,
  old: readonly ArrayLike<number>[] | null,
) {
  const pass = await learner.forward(
    batch.ids.map((ids, i) => ({ ids, prompt_length: batch.prompt_lengths[i]! })),
  );
  const { logprobs } = pass;
  const tokens = logprobs.reduce((sum, own) => sum + own.length, 0);
  const { loss, coefficients } = objective(
    logprobs.map((own, i) => ({
      logprobs: own,
      oldLogprobs: (old ?? logprobs)[i]!,
      referenceLogprobs: batch.reference_logprobs[i]!,
      advantage: batch.advantages[i]!,
    })),
    LOSSES.find(({ name }) => name === setting.loss_type)!,
    {
      epsilon: setting.epsilon ?? 0.2,
      epsilon_high: setting.epsilon_high ?? null,
      delta: null,
      beta: setting.beta ?? 0,
      max_completion_length,
    },
    { sequences: logprobs.length, tokens, microBatches: 1, microTokens: tokens },
  );
  await learner.backward(pass, coefficients);
  return { loss, logprobs };
}

const together = { batch: groups.batch, settings: groups.cases, gradients: "groups" };
const BATCHES = [
  {
    name: "",
    batch: read("llama/case.json") as Batch,
    settings: cases,
    gradients: "gradients",
    tokens: 512,
  },
  { name: ", completions of common prompts", ...together, tokens: 512 },
  { name: ", completions of common prompts over several micro-batches", ...together, tokens: 40 },
];

describe("gradients under TRL's losses", () => {
  it("are compared for every loss", () => {
    const compared = new Set(cases.map(({ loss_type }) => loss_type));
    assert.deepEqual(LOSSES.map(({ name }) => name).filter((name) => !compared.has(name)), []);
  });

  for (const { name, batch, settings, gradients, tokens } of BATCHES) {
    for (const setting of settings) {
      it(setting.name + name, async () => {
        const model = loadModel(
          await testGpu(),
          fixture("llama"),
        );
        const learner = new Learner(model, { micro_batch_tokens: tokens, temperature: batch.temperature });
        let old: readonly ArrayLike<number>[] = batch.old_logprobs;
        if (setting.name.includes("second iteration")) {
          const optimizer = new Optimizer(model, learner.gradients.buffers, {
            adam_beta1: batch.beta1,
            adam_beta2: batch.beta2,
            adam_epsilon: batch.adam_epsilon,
            weight_decay: 0,
            max_grad_norm: 1e9, // never reached
          });
          old = (await accumulate(learner, batch, setting, null)).logprobs;
          await optimizer.step(learning_rate);
          optimizer.destroy();
        }
        const { loss } = await accumulate(learner, batch, setting, old);
        assertClose([loss / setting.loss], [1], 1e-4, "loss over its reference");

        const file = new SafetensorsFile(join(FIXTURES, `loss_types/${gradients}.safetensors`));
        for (const { name: tensor, shape, data } of await learner.readGradients()) {
          const expected = file.read(`${setting.name}/${tensor}`, shape);
          const size = Math.hypot(...expected);
          assert.ok(size > 0, `the reference has a gradient of ${tensor}`);
          const error = Math.hypot(...data.map((value, i) => value - expected[i]!)) / size;
          assert.ok(error <= 1e-4, `relative L2 error of the gradient of ${tensor} is ${error}`);
        }
        file.close();
        learner.destroy();
        model.destroy();
      });
    }
  }
});
