import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "#shared/schemas/parse.ts";
import { decidingReward, loadRewards, type RewardInput, softOverlongPunishment } from "./rewards.ts";
import { TrainRecipeSchema } from "../run/train_recipe.ts";

const settings = (reward: Record<string, unknown>) =>
  parse(TrainRecipeSchema, { model: "m", output_dir: "o", data: { path: "d" }, reward }, "recipe");

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

  it("lets any function decide what is difficult, given from which value on it is solved", () => {
    assert.deepEqual(decidingReward(settings({}).reward), { name: "accuracy", threshold: null });
    const own = settings({
      functions: ["format", "./judge.ts"],
      weights: [1, 1],
      difficulty_by: "./judge.ts",
      success_threshold: 0.7,
    });
    assert.deepEqual(decidingReward(own.reward), { name: "judge", threshold: 0.7 });
    assert.throws(
      () => settings({ functions: ["format"], weights: [1] }),
      /must have success_threshold, such as 1, where another function/,
    );
    assert.throws(() => settings({ difficulty_by: "tone" }), /must list difficulty_by among its functions/);
  });

  it("has no opinion of what an own function takes too long for, and counts that", async () => {
    const source = `export const reward = ({ completion }) =>
      new Promise((resolve) => setTimeout(() => resolve(1), completion === "slow" ? 5000 : 0));`;
    await using(source, async (path) => {
      const [, own] = await loadRewards(settings({ functions: ["accuracy", path], timeout_s: 0.2 }));
      const values = await Promise.all(["slow", "fast"].map((text) => own!.call(input(text))));
      assert.deepEqual(values, [null, 1]);
      assert.deepEqual([own!.takeTimeouts!(), own!.takeTimeouts!()], [1, 0]);
    });
  });

  it("punishes completions that come close to the limit", async () => {
    const lengths = [0, 80, 90, 100, 120];
    assert.deepEqual(lengths.map((n) => softOverlongPunishment(n, 100, 20) + 0), [0, 0, -0.5, -1, -1]);
    const functions = ["accuracy", "soft_overlong_punishment"];
    const [, own] = await loadRewards(settings({ functions, soft_punish_cache: 2048 }));
    assert.equal(await own!.call({ ...input(""), ids: Array(512).fill(1) }), -0.25);
  });

  it("refuses an unknown grader and a name used twice", async () => {
    const refused = async (reward: Record<string, unknown>, message: RegExp) =>
      await assert.rejects(loadRewards(settings(reward)), message);
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
