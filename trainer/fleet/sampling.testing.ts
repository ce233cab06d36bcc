// Sampling on the workers of a test server, compared with sampling here.

import assert from "node:assert/strict";
import { EOS, tinyTokenizer } from "../loop/testing.ts";
import { RemoteSampler } from "./remote_sampler.ts";
import { FleetPolicy, LEARNER, TestServer, TOKENIZER } from "./testing.ts";

export const OPTIONS = {
  extend: true,
  max_tokens: 12,
  temperature: 0.9,
  greedy: false,
  seed: 3,
  eos_ids: [EOS],
};
export const requests = (step: number, count = 40) =>
  Array.from(
    { length: count },
    (_, i) => ({ prompt_ids: [1, 2, i % 5], samples: 3, key: [step, i] as [number, number] }),
  );
export const settings = (patience = 5) => ({
  run: `test-${Math.random().toString(36).slice(2)}`,
  vocabulary: tinyTokenizer.vocabSize,
  micro_batch_tokens: 512,
  patience,
  tokenizer: TOKENIZER,
});

/** Samples two steps with an update between, and compares each with sampling here. */
export async function sample(
  server: TestServer,
  patience?: number,
  during: (sampler: RemoteSampler) => Promise<void> = async () => {},
) {
  const policy = new FleetPolicy();
  const log: string[] = [];
  const sampler = await RemoteSampler.open(
    server.url,
    policy,
    settings(patience),
    (line) => log.push(line),
    LEARNER,
  );
  for (const step of [0, 1]) {
    const expected = await policy.generate(requests(step), OPTIONS);
    const [answers] = await Promise.all([sampler.generate(requests(step), OPTIONS), during(sampler)]);
    const ids = (samples: typeof answers) => samples.map((all) => all.map((one) => Array.from(one.ids)));
    assert.deepEqual(ids(answers), ids(expected));
    policy.logits[3 + step]! += 1;
  }
  const counts = sampler.metrics();
  await sampler.close();
  return { counts, log };
}
