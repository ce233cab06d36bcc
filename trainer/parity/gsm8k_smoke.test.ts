import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Group } from "#shared/schemas/rollout.ts";
import { fetchTokenizer, smoke } from "./gsm8k_smoke.ts";

const DATA = join(process.env.GHPO_SHARED ?? "../shared", "data", "gsm8k-train.jsonl");

describe("smoke()", () => {
  it("takes GSM8K with a real tokenizer through the whole loop", { timeout: 120_000 }, async (t) => {
    if (!existsSync(DATA)) {
      return t.skip(`${DATA} is not there: set GHPO_SHARED to the folder of outside fixtures`);
    }
    let tokenizer: string;
    try {
      tokenizer = fetchTokenizer();
    } catch (error) {
      return t.skip(`the tokenizer of Qwen2.5 is not in .cache and npm's registry does not answer: ${error}`);
    }
    const folder = mkdtempSync(join(tmpdir(), "ghpo-gsm8k-"));
    try {
      const result = await smoke(DATA, tokenizer, folder);
      assert.equal(result.step, 2);
      const text = readFileSync(join(folder, "run", "rollouts", "step_000001.jsonl"), "utf8");
      const groups = text.trim().split("\n").map((line): Group => JSON.parse(line));
      assert.equal(groups.length, 2);
      for (const { prompt, guidance, completions } of groups) {
        // A random model is always wrong, so every group ends on the longest hint that its trace has.
        assert.ok(guidance.stage >= 2 && guidance.hint !== "");
        assert.match(prompt, /^<\|im_start\|>system\nYou are a helpful AI Assistant that provides/);
        assert.ok(
          prompt.includes(
            `beginning part of the answer, which you can refer to for solving the problem:\n${guidance.hint}`,
          ),
        );
        assert.match(prompt, /<\|im_start\|>assistant\n$/);
        assert.equal(completions.length, 4);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
