import { describe, it } from "node:test";
import assert from "node:assert/strict";
import * as v from "valibot";
import { GroupSchema } from "#shared/schemas/rollout.ts";
import { finalStage } from "./attempts.ts";
import { groupsOf } from "./rollouts.ts";
import { chainProblem, collectAt, scriptedSetting, tinyRecipe, tinyTokenizer } from "./testing.ts";

const RIGHT = "1+2=3####20";
const WRONG = "1+2=3####19";
const stepsIn = (hint: string) => hint.split(";").length - 1;

/** Problem k is solved by its first completion once `k` steps are shown. */
const solvedAt = (question: string, hint: string, sample: number) =>
  sample === 0 && stepsIn(hint) >= Number(question.match(/\d+/)![0]) ? RIGHT : WRONG;

describe("collectRollouts()", () => {
  it("hints only groups that are all wrong, and stops at the first stage that helps", async () => {
    const problems = ["0", "1", "2", "3", "9"].map((id) => chainProblem(id));
    const { setting, sampler } = await scriptedSetting(
      tinyRecipe({ train: { prompts_per_step: 5 } }),
      problems,
      solvedAt,
    );
    const { attempts } = await collectAt(setting);
    assert.deepEqual(attempts.map(finalStage), [0, 1, 2, 3, 3]);
    assert.deepEqual(attempts.map((a) => a.difficult), [false, true, true, true, true]);
    assert.deepEqual(attempts.map((a) => a.accuracyUnhinted), [0.25, 0, 0, 0, 0]);
    assert.deepEqual(sampler.calls.map((call) => call.length), [5, 4, 3, 2]);
    assert.deepEqual(attempts[4]!.parts[0]!.completions.map((c) => c.advantage), [0, 0, 0, 0]);
  });

  it("keeps each group's own prompt when groups are rescued at different stages (released code, defect B1)", async () => {
    const problems = ["1", "3"].map((id) => chainProblem(id));
    const { setting } = await scriptedSetting(tinyRecipe(), problems, solvedAt);
    const { attempts } = await collectAt(setting);
    const prompts = attempts.map((a) => a.parts[0]!.prompt);
    assert.deepEqual(prompts, [
      "Compute 1+2+3+5+9 Hint: 1+2=3;\nAnswer: ",
      "Compute 3+2+3+5+9 Hint: 1+2=3;3+3=6;6+5=11;\nAnswer: ",
    ]);
    for (const { parts: [part] } of attempts) {
      assert.equal(tinyTokenizer.decode(part!.prompt_ids), part!.prompt);
    }
  });

  it("does not hint before the cold start ends, and does from that step on", async () => {
    const { setting, sampler } = await scriptedSetting(
      tinyRecipe({ ghpo: { cold_start_steps: 3 } }),
      ["1", "2"].map((id) => chainProblem(id)),
      solvedAt,
    );
    await collectAt(setting, { step: 2 });
    assert.equal(sampler.calls.length, 1);
    await collectAt(setting, { step: 3 });
    assert.equal(sampler.calls.length, 4);
  });

  it("leaves a group alone whose gold cannot be verified or that has no trace", async () => {
    const problems = [{ ...chainProblem("9"), answer: " " }, { ...chainProblem("9"), trace: null }];
    const { setting, sampler } = await scriptedSetting(tinyRecipe(), problems, () => WRONG);
    const { attempts } = await collectAt(setting);
    assert.equal(sampler.calls.length, 1);
    assert.deepEqual(attempts.map((a) => [a.difficult, a.accuracyUnhinted]), [[false, null], [true, 0]]);
  });

  it("skips a stage that shows no more than the one before it", async () => {
    const short = { ...chainProblem("9"), trace: { text: "1+2=3;20", steps: ["1+2=3;", "20"] } };
    const { setting, sampler } = await scriptedSetting(tinyRecipe({ train: { prompts_per_step: 1 } }), [
      short,
    ], () => WRONG);
    const { attempts } = await collectAt(setting);
    assert.deepEqual(attempts[0]!.escalations, [2]); // 0.25 shows nothing, 0.75 the same as 0.5
    assert.equal(sampler.calls.length, 2);
  });

  it("gives the format reward's advantages to a group that stays all wrong", async () => {
    const { setting } = await scriptedSetting(
      tinyRecipe(),
      [chainProblem("9")],
      (_q, _h, s) => s === 0 ? WRONG : "19",
    );
    const { attempts } = await collectAt(setting);
    const advantages = attempts[0]!.parts[0]!.completions.map((c) => c.advantage);
    assert.ok(advantages[0]! > 1.4 && advantages[1]! < -0.4, `${advantages}`);
  });

  it("never hints plain GRPO and the curriculum; the constant hint goes to hard problems alone", async () => {
    const problems = [chainProblem("9", "20", 2), chainProblem("8", "20", 4)];
    const stages = async (algorithm: string) => {
      const { setting } = await scriptedSetting(tinyRecipe({ algorithm }), problems, () => WRONG);
      return (await collectAt(setting)).attempts.map(finalStage);
    };
    assert.deepEqual(await stages("grpo"), [0, 0]);
    assert.deepEqual(await stages("grpo_curriculum"), [0, 0]);
    assert.deepEqual(await stages("grpo_constant_hint"), [0, 1]);
  });

  it("hints at random, follows a controller's ratio, and tightens the completion limit", async () => {
    const collected = async (
      overrides: Parameters<typeof tinyRecipe>[0],
      state?: { hint_ratio: number },
    ) => {
      const { setting } = await scriptedSetting(tinyRecipe(overrides), [chainProblem("9")], () => WRONG);
      return (await collectAt(setting, { step: 3, state })).attempts[0]!.parts[0]!;
    };
    const random = { algorithm: "grpo_random_hint", baseline: { random_hint_rate: 1 } };
    assert.ok((await collected(random)).guidance.stage > 0);
    const constant = { algorithm: "grpo_constant_hint" };
    assert.equal((await collected(constant, { hint_ratio: 0.75 })).guidance.hint, "1+2=3;3+3=6;6+5=11;");
    assert.deepEqual((await collected(constant, { hint_ratio: 0 })).guidance.stage, 0);
    const short = await collected({ generation: { final_completion_length: 5 } });
    assert.deepEqual(short.completions.map((c) => c.ids.length), [5, 5, 5, 5]);
  });

  it("keeps un-hinted replicas beside the hinted completions, with one baseline for both", async () => {
    const recipe = tinyRecipe({ ghpo: { unhinted_replicas: 1 } });
    const { setting } = await scriptedSetting(recipe, [chainProblem("1")], solvedAt);
    const rollout = await collectAt(setting);
    const [plain, hinted] = rollout.attempts[0]!.parts;
    assert.deepEqual([plain!.completions.length, hinted!.completions.length], [1, 3]);
    assert.deepEqual([plain!.guidance.stage, hinted!.guidance.stage], [0, 1]);
    const all = [...plain!.completions, ...hinted!.completions].map((c) => c.advantage);
    assert.ok(Math.abs(all.reduce((a, b) => a + b, 0)) < 1e-12);
    assert.ok(all[1]! > 1.4);
    for (const group of groupsOf(rollout, 0)) v.parse(GroupSchema, group);
  });

  it("starts at the remembered stage, un-hinted accuracy being unknown then", async () => {
    const { setting, sampler } = await scriptedSetting(
      tinyRecipe({ ghpo: { start_stage_memory: true } }),
      [chainProblem("2"), chainProblem("0")],
      solvedAt,
    );
    const { attempts } = await collectAt(setting, { state: { stage_memory: { "2": 2 } } });
    assert.deepEqual(attempts.map(finalStage), [2, 0]);
    assert.deepEqual(attempts.map((a) => a.accuracyUnhinted), [null, 0.25]);
    assert.equal(sampler.calls.length, 1);
  });

  it("replaces all-right groups by freshly drawn ones when asked to (dynamic sampling)", async () => {
    const problems = ["5", "6", "0", "7"].map((id) => chainProblem(id));
    const script = (q: string, h: string, s: number) => /^Compute [56]/.test(q) ? RIGHT : solvedAt(q, h, s);
    const recipe = tinyRecipe({ algorithm: "grpo", train: { resample_rounds: 3 } });
    const { setting, sampler } = await scriptedSetting(recipe, problems, script);
    const rollout = await collectAt(setting);
    assert.deepEqual(rollout.attempts.map((a) => a.problem.id), ["0", "7"]);
    assert.equal(rollout.cursor, 4);
    assert.equal(rollout.drawn.length, 4);
    assert.equal(rollout.extraTokens * 2, rollout.generatedTokens);
    assert.equal(sampler.calls.length, 2);
  });

  it("truncates a hint that does not fit the prompt budget, and refuses a question that does not", async () => {
    const { setting } = await scriptedSetting(tinyRecipe(), [chainProblem("9")], () => WRONG);
    const budget = (tokens: number) => collectAt({ ...setting, promptBudget: tokens });
    const plain = tinyTokenizer.encode("Compute 9+2+3+5+9\nAnswer: ").length;
    const { attempts } = await budget(plain + 8); // glue and one step of six tokens
    assert.equal(attempts[0]!.parts[0]!.guidance.hint, "1+2=3;");
    await assert.rejects(
      budget(plain - 1),
      new RegExp(
        `problem 9 as its prompt must have at most ${plain - 1} tokens: current length is ${plain}$`,
      ),
    );
  });

  it("takes another reward for success where the recipe says so, and hints by that", async () => {
    const recipe = tinyRecipe({
      reward: { functions: ["format"], weights: [1], success_threshold: 1, format: "hash" },
      train: { prompts_per_step: 1 },
    });
    const script = (_q: string, hint: string) => hint === "" ? "1+2=3" : "1+2=3####7"; // wrong, in the form asked for
    const { setting } = await scriptedSetting(recipe, [chainProblem("3")], script);
    const { attempts: [attempt] } = await collectAt(setting);
    assert.deepEqual([attempt!.accuracyUnhinted, attempt!.difficult, finalStage(attempt!)], [0, true, 1]);
  });

  it("scores several completions at a time, and at most as many as it may", async () => {
    const recipe = tinyRecipe({ reward: { preset: "strict", format: "hash", max_concurrency: 3 } });
    const { setting } = await scriptedSetting(recipe, [chainProblem("1"), chainProblem("2")], () => RIGHT);
    let [running, most] = [0, 0];
    const call = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running--;
      return 1;
    };
    const rewards = [{ name: "accuracy", weight: 1, call }];
    const { attempts } = await collectAt({ ...setting, rewards });
    assert.equal(attempts.flatMap(({ parts }) => parts[0]!.completions).length, 8);
    assert.equal(most, 3);
  });

  it("gives every request of a run its own random stream", async () => {
    const { setting, sampler } = await scriptedSetting(
      tinyRecipe(),
      ["3", "9"].map((id) => chainProblem(id)),
      solvedAt,
    );
    await collectAt(setting);
    await collectAt(setting, { step: 1, cursor: 2 });
    const keys = sampler.calls.flat().map(({ key }) => key.join());
    assert.equal(new Set(keys).size, keys.length);
  });

  it("writes records that the schema accepts", async () => {
    const { setting } = await scriptedSetting(
      tinyRecipe(),
      ["0", "9"].map((id) => chainProblem(id)),
      solvedAt,
    );
    const groups = groupsOf(await collectAt(setting, { step: 6 }), 6);
    for (const group of groups) assert.deepEqual(v.parse(GroupSchema, group), group);
    assert.deepEqual(groups.map((g) => [g.step, g.policy_version]), [[7, 6], [7, 6]]);
  });
});
