import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadTaskFile } from "#shared/io/task_files.ts";
import { GHPO_SYSTEM_PROMPT } from "#shared/text/prompts.ts";
import { chainProblem, tinyRecipe } from "../loop/testing.ts";
import { writeHeldOut } from "./held_out.ts";

describe("writeHeldOut()", () => {
  it("writes a task that asks as the recipe does", async () => {
    const run = mkdtempSync(join(tmpdir(), "ghpo-held-out-"));
    const problems = [chainProblem("1"), { ...chainProblem("2"), trace: null, level: null }];
    const prompt = { user: "Solve: {question}", max_prompt_length: 96 };
    const asked = async (own: Record<string, unknown>) => {
      const recipe = tinyRecipe({ output_dir: run, prompt: { ...prompt, ...own } });
      const task = await loadTaskFile(writeHeldOut(recipe, problems, { preset: "strict", max_tokens: 32 })!);
      assert.deepEqual(
        task.problems.map(({ id, answer }) => [id, answer]),
        problems.map((p) => [p.id, p.answer]),
      );
      assert.deepEqual([task.verify, task.sampling.max_tokens, task.sampling.temperature], ["strict", 32, 0]);
      return task.prompt(task.problems[0]!);
    };
    const content = `Solve: ${problems[0]!.text}`;
    const turn = { role: "user", content };
    const system = { role: "system", content: GHPO_SYSTEM_PROMPT };
    assert.deepEqual(await asked({ system: "" }), { messages: [turn] });
    assert.deepEqual(await asked({ system: "ghpo" }), { messages: [system, turn] });
    assert.deepEqual(await asked({ system: "Be brief.", chat_template: false }), {
      text: `Be brief.\n\n${content}`,
    });
    const told = tinyRecipe({
      output_dir: run,
      prompt: { system: "", chat_template_kwargs: { enable_thinking: false } },
    });
    assert.equal(writeHeldOut(told, problems, { preset: "strict", max_tokens: 32 }), null);
    rmSync(run, { recursive: true });
  });
});
