import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { initFolder } from "./init_folder.testing.ts";
import { ROOT } from "../testing.ts";
import { choose } from "./choose.ts";
import { lines, own } from "./testing.ts";

const { folder, ascii, made, written } = initFolder();

describe("choose()", () => {
  it("cuts hints at tokens where a stage of steps would show few problems more, and says so", async () => {
    const chosen = async (steps: number) => {
      const path = join(folder, `steps-${steps}.jsonl`);
      const rows = own(({ text, answer }) => ({
        problem: text,
        solution: Array.from({ length: steps }, (_, i) => `This is line ${"abcdefgh"[i]} of it.`).join("\n"),
        answer,
      }));
      writeFileSync(path, lines(rows));
      const { cut, reasons } = await choose(path, ascii, {});
      return [cut, reasons.find((reason) => reason.startsWith("hints"))];
    };
    assert.deepEqual(await chosen(2), [
      "token",
      "hints       cut at each token: at steps, stage 0.25 would show more in only 0 and stage 0.75 would show more " +
      "in only 0 of 60 solutions",
    ]);
    assert.deepEqual(await chosen(4), [
      "step",
      "hints       cut at each step: every stage shows more in at least a third of the solutions",
    ]);
  });

  it("cuts hints at steps where a tokenizer does not give the solutions back as they were", async () => {
    const file = join(folder, "line_break.jsonl");
    const rows = Array.from({ length: 40 }, (_, i) => ({
      question: `${i}+1=`,
      answer: String(i + 1),
      solution: `${i}+1=${i + 1}\n#### ${i + 1}`,
    }));
    writeFileSync(file, lines(rows));
    const model = join(ROOT, "trainer/recipes/tiny-base");
    const recipe = await written(file, model);
    assert.equal(recipe.ghpo.hint_cut, "step");
    const { reasons } = await choose(file, model, {});
    assert.match(
      reasons.find((reason) => reason.startsWith("hints"))!,
      /^hints {7}cut at each step: at steps, stage 0\.25 would show more in only 0 .* of 40 solutions; hints cannot be cut at tokens .* does not give back "#" in /,
    );
  });

  it("says what it chose and why", async () => {
    const path = made("math.jsonl");
    const { reasons, style } = await choose(path, ascii, {});
    assert.deepEqual([style.format, style.functions], [null, ["accuracy"]]);
    assert.match(reasons.join("\n"), /^data {8}60 problems, 60 with a solution$/m);
    assert.match(reasons.join("\n"), /^answers {5}in \\boxed\{\}, graded by strict/m);
    assert.match(reasons.join("\n"), /^held out {4}6 problems/m);
  });
});
