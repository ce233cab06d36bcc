// Checkpoints of GHPO_SHARED whose files say two things at once, against greedy ids and log-probs of transformers.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { assertClose, testGpu } from "#shared/engine/gpu/testing.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import { readJson } from "#shared/io/files.ts";
import { Generator } from "./generate.ts";

interface Reference {
  prompt_ids: number[];
  ids: number[];
  logprobs: number[];
}

const cases = `${process.env.GHPO_SHARED ?? `${import.meta.dirname}/../../../../shared`}/cases`;

describe("greedy generation equals transformers", () => {
  for (const name of ["tied_but_lm_head_differs", "llama_v5_plus_llama3", "own_checkpoint_yarn"]) {
    const folder = `${cases}/${name}`;
    it(name, { skip: existsSync(folder) ? false : `${folder} is absent` }, async () => {
      const { prompt_ids, ids, logprobs } = readJson(`${folder}/reference.json`) as Reference;
      const model = loadModel(await testGpu(), folder);
      const generator = new Generator(model);
      const options = { max_tokens: ids.length, temperature: 1, greedy: true, seed: 1, eos_ids: [] };
      const answers = await generator.generate([{ prompt_ids, samples: 1, key: [0, 0] }], options);
      const result = answers[0]![0]!;
      assert.deepEqual(result.ids, ids);
      assertClose(result.logprobs, logprobs, 1e-4, "log-probs");
      generator.destroy();
      model.destroy();
    });
  }
});
