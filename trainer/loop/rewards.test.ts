import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "#shared/schemas/parse.ts";
import { loadRewards, type RewardInput } from "./rewards.ts";
import { TrainRecipeSchema } from "../run/train_recipe.ts";

const settings = (reward: Record<string, unknown>) =>
  parse(TrainRecipeSchema, { model: "m", output_dir: "o", data: { path: "d" }, reward }, "recipe").reward;

const input = (completion: string, answer = "12"): RewardInput => ({
  problem: { id: "1", text: "4+8", answer, trace: null, level: 1, source: "test" },
  completion,
  solution: completion,
  ids: [1],
  finish_reason: "stop",
});

describe("loadRewards()", () => {
  it("gives accuracy and format of the shared verifier with their weights", async () => {
    const [accuracy, format] = await loadRewards(settings({ preset: "strict", format: "hash" }));
    assert.deepEqual([accuracy!.name, accuracy!.weight, format!.name, format!.weight], [
      "accuracy",
      1,
      "format",
      0.5,
    ]);
    assert.equal(await accuracy!.call(input("4+8=12####12")), 1);
    assert.equal(await accuracy!.call(input("4+8=13####13")), 0);
    assert.equal(await format!.call(input("4+8=13####13")), 1);
    assert.equal(await format!.call(input("13")), 0);
  });

  it("asks for every step of a generated problem's trace when told to, the hinted ones included", async () => {
    const [accuracy] = await loadRewards(settings({ check: "trace" }));
    const problem = { ...input("").problem, text: "Compute 4+8-2", answer: "10", source: "chain" };
    const value = (solution: string) => accuracy!.call({ ...input(solution.slice(7)), problem, solution });
    assert.equal(await value("4+8=12;12-2=10####10"), 1);
    assert.equal(await value("4+8=13;13-2=10####10"), 0);
    assert.equal(await accuracy!.call(input("4+8=12####12")), null, "a problem that was not generated");
  });

  it("loads a function of your own, null meaning not applicable", async () => {
    await using(
      `export const reward = ({ completion }) => completion === "" ? null : completion.length;`,
      async (path) => {
        const [, own] = await loadRewards(settings({ functions: ["accuracy", path], weights: [1, 0.1] }));
        assert.equal(own!.name, "my_reward");
        assert.equal(await own!.call(input("abc")), 3);
        assert.equal(await own!.call(input("")), null);
      },
    );
  });

  it("refuses a value that is no number, with the module's name", async () => {
    await using(`export const reward = () => NaN;`, async (path) => {
      const [, own] = await loadRewards(settings({ functions: ["accuracy", path] }));
      await assert.rejects(
        async () => await own!.call(input("abc")),
        /my_reward\.ts .* finite number or null.* NaN$/,
      );
    });
  });

  it("refuses a module that is missing or exports no reward", async () => {
    await assert.rejects(
      loadRewards(settings({ functions: ["accuracy", "./none.ts"] })),
      /reward function \.\/none\.ts/,
    );
    await using(`export const score = 1;`, async (path) => {
      await assert.rejects(
        loadRewards(settings({ functions: ["accuracy", path] })),
        /exports no function named reward/,
      );
    });
  });

  it("refuses another first function, an unknown grader and a name used twice", async () => {
    const refused = async (reward: Record<string, unknown>, message: RegExp) =>
      await assert.rejects(loadRewards(settings(reward)), message);
    await refused({ functions: ["format", "accuracy"] }, /first must be accuracy.* format$/);
    await refused({ preset: "strickt" }, /"strickt" as no grader has that name: use strict, ghpo/);
    await refused({ functions: ["accuracy", "accuracy"] }, /accuracy appears twice/);
  });
});

async function using(source: string, body: (path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ghpo-reward-"));
  try {
    const path = join(folder, "my_reward.ts");
    writeFileSync(path, source);
    await body(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
