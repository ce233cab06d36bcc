// The tokens of transformers, and the log-probabilities of the forward pass.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { LARGEST_COPY } from "#shared/engine/gpu/device.ts";
import { assertClose, testGpu } from "#shared/engine/gpu/testing.ts";
import { readJson } from "#shared/io/files.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import { host, noProgram, options, prompts, recompute, requests, withGenerator } from "./testing.ts";
import { Generator } from "./generate.ts";
import type { Generated } from "./requests.ts";
import { fixture, MODEL_FIXTURES } from "#shared/engine/model/testing.ts";

interface Greedy {
  prompt_ids: number[];
  ids: number[];
}

async function continuesAsTransformers(name: string): Promise<void> {
  await withGenerator({}, async (generator) => {
    const { greedy } = readJson(`${fixture(name)}/reference.json`) as { greedy: Greedy[] };
    const out = await generator.generate(
      greedy.map(({ prompt_ids }, i) => ({ prompt_ids, samples: 1, key: [0, i] })),
      { ...options, max_tokens: 24, greedy: true, eos_ids: [] },
    );
    assert.deepEqual(out.map(([completion]) => completion!.ids), greedy.map(({ ids }) => ids));
  }, name);
}

const shared = process.env.GHPO_SHARED ?? `${import.meta.dirname}/../../../../shared`;
const stories = `${shared}/models/stories260k`;

describe("Generator", () => {
  for (const name of MODEL_FIXTURES) {
    it(`greedily continues as transformers on ${name}`, () => continuesAsTransformers(name));

    it(`greedily continues as transformers on ${name} layer by layer`, { skip: noProgram }, async () => {
      host.largestCopy = 0;
      await continuesAsTransformers(name).finally(() => host.largestCopy = LARGEST_COPY);
    });

    it(`gives log-probabilities within 1e-4 of recomputed ones on ${name}, T = 0.7`, () =>
      withGenerator({ rows: 4, block: 5 }, async (generator) => {
        const out = await generator.generate(requests, { ...options, temperature: 0.7 });
        for (const [i, completions] of out.entries()) {
          for (const { ids, logprobs } of completions) {
            const expected = await recompute(generator.model, prompts[i]!, ids, 0.7);
            const worst = Math.max(...logprobs.map((value, n) => Math.abs(value - expected[n]!)));
            assert.ok(worst <= 1e-4, `prompt ${i}: largest error ${worst}`);
          }
        }
      }, name));
  }

  it("gives the log-probabilities of the forward far beyond the sliding window", () =>
    withGenerator({ rows: 4, block: 5 }, async (generator) => {
      const prompt_ids = Array.from({ length: 30 }, (_, i) => 3 + i * 7 % 60); // the window has 21
      const long = { ...options, max_tokens: 60, eos_ids: [] };
      const [out] = await generator.generate([{ prompt_ids, samples: 3, key: [0, 0] }], long);
      for (const { ids, logprobs } of out!) {
        const expected = await recompute(generator.model, prompt_ids, ids, long.temperature);
        assertClose(logprobs, expected.slice(0, 60), 1e-4, "log-probs");
      }
    }, "mistral"));

  const skip = existsSync(stories) ? false : `${stories} is absent`;
  it("continues stories260K greedily with the 200 ids of its reference", { skip }, async () => {
    const reference = readJson(`${stories}/reference.json`) as { greedy_ids: number[] };
    const model = loadModel(await testGpu(), stories);
    const generator = new Generator(model);
    const [bos, ...ids] = reference.greedy_ids;
    const [[completion]] = await generator.generate(
      [{ prompt_ids: [bos!], samples: 1, key: [0, 0] }],
      { ...options, max_tokens: ids.length, greedy: true, eos_ids: [] },
    ) as [[Generated]];
    assert.deepEqual(completion.ids, ids);
    generator.destroy();
    model.destroy();
  });
});
