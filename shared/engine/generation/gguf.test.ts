// A real model in GGUF against transformers: see trainer/parity/gguf_reference.py.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { assertClose, testGpu } from "#shared/engine/gpu/testing.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import { readJson } from "#shared/io/files.ts";
import { loadTokenizer } from "#shared/io/tokenizer_files.ts";
import { Generator } from "./generate.ts";

interface Reference {
  file: string;
  rows: { question: string; prompt: string; prompt_ids: number[]; ids: number[]; logprobs: number[] }[];
}

const { file, rows } = readJson(
  `${import.meta.dirname}/../../../trainer/parity/fixtures/smollm2_gguf.json`,
) as Reference;
const path = `${process.env.GHPO_GGUF ?? "models/gguf"}/${file}`;
const skip = existsSync(path) ? false : `${path} is absent: GHPO_GGUF names its folder`;

describe("SmolLM2-135M-Instruct in GGUF", { skip }, () => {
  it("has transformers' prompts and token ids", () => {
    const tokenizer = loadTokenizer(path);
    for (const { question, prompt, prompt_ids } of rows) {
      assert.equal(tokenizer.chat([{ role: "user", content: question }]), prompt);
      assert.deepEqual(tokenizer.encode(prompt), prompt_ids);
    }
  });

  it("continues greedily as the same weights do in transformers", async () => {
    const model = loadModel(await testGpu(), path);
    const generator = new Generator(model);
    const requests = rows.map(({ prompt_ids }, i) => ({
      prompt_ids,
      samples: 1,
      key: [0, i] as [number, number],
    }));
    const options = { max_tokens: 24, temperature: 1, greedy: true, seed: 1, eos_ids: [] };
    const answers = await generator.generate(requests, options);
    for (const [i, { ids, logprobs }] of rows.entries()) {
      assert.deepEqual(answers[i]![0]!.ids, ids);
      assertClose(answers[i]![0]!.logprobs, logprobs, 1e-4, "log-probs");
    }
    generator.destroy();
    model.destroy();
  });
});
