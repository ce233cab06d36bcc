import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { temporaryFolders } from "#shared/io/testing.ts";
import { generate, type Metrics, sft, strategy, train } from "ghpo";
import * as v from "valibot";

const temporary = temporaryFolders();

const problems = ["1+2", "3+4", "5+1"].map((sum) => ({
  text: `Compute ${sum}`,
  answer: sum.split("+").reduce((a, b) => a + Number(b), 0),
  hard: sum === "3+4",
}));
const recipe = (output_dir: string, rest: Record<string, unknown> = {}) => ({
  model: "trainer/recipes/tiny-base",
  output_dir,
  algorithm: "grpo",
  generation: { num_generations: 2, max_completion_length: 16 },
  prompt: { system: "", max_prompt_length: 64 },
  reward: { functions: ["accuracy", "format"], preset: "strict", format: "hash" },
  train: { max_steps: 3, prompts_per_step: 3 },
  ...rest,
});
const visits = strategy({
  name: "visits",
  settings: {},
  state: v.object({ seen: v.number() }),
  begin: () => ({ seen: 0 }),
  next: () => ({ ratios: [], escalate: false, startStage: () => 0 }),
  observe: ({ seen }, outcomes) => ({ seen: seen + outcomes.length }),
});

describe("train()", () => {
  it("tells of every step and group, stops when it is told to, and goes on with a strategy of one's own", async () => {
    const output_dir = join(temporary(), "run");
    const own = recipe(output_dir, { algorithm: "visits" });
    const stop = new AbortController();
    const steps: Metrics[] = [];
    const groups: string[] = [];
    const options = {
      problems,
      strategies: [visits],
      quiet: true,
      onStep: (metrics: Metrics) => void steps.push(metrics),
    };
    const first = await train(own, {
      ...options,
      signal: stop.signal,
      onRollout: ({ problem_id }) => {
        groups.push(problem_id);
        stop.abort();
      },
    });
    assert.deepEqual([first.step, first.finished], [1, false]);
    assert.deepEqual(groups.sort(), ["problem:1", "problem:2", "problem:3"]);
    await assert.rejects(train(own, { quiet: true, problems, resume: true }), /algorithm.*visits/);
    const other = problems.map((problem) => ({ ...problem, answer: 0 }));
    await assert.rejects(
      train(own, { ...options, problems: other, resume: true }),
      /Cannot resume .* problems must be those that it began with/,
    );
    const rest = await train(own, { ...options, resume: true });
    assert.deepEqual([rest.step, rest.finished], [3, true]);
    assert.deepEqual(steps.map(({ step }) => step), [1, 2, 3]);
    const state = JSON.parse(readFileSync(join(rest.checkpoint, "trainer_state.json"), "utf8"));
    assert.deepEqual(state.source, { seen: 9 });
  });

  it("lets a function of one's own stand for accuracy, and shows it the other columns", async () => {
    const seen = new Set<unknown>();
    const accuracy = ({ problem }: { problem: { columns?: Record<string, unknown> | undefined } }) => {
      seen.add(problem.columns?.["hard"]);
      return problem.columns?.["hard"] === true ? 1 : 0;
    };
    const means: unknown[] = [];
    await train(
      recipe(join(temporary(), "run"), {
        reward: ["accuracy"],
        train: { max_steps: 1, prompts_per_step: 3 },
      }),
      {
        problems,
        rewards: { accuracy },
        force: true,
        quiet: true,
        onStep: (metrics) => void means.push(metrics["rewards/accuracy/mean"]),
      },
    );
    assert.deepEqual(seen, new Set([true, false]));
    assert.deepEqual(means, [1 / 3]);
  });

  it("ends with the error of a listener", async () => {
    const onStep = () => {
      throw new Error("enough");
    };
    await assert.rejects(
      train(recipe(join(temporary(), "run")), { problems, quiet: true, onStep }),
      /^Error: enough$/,
    );
  });

  it("refuses what it cannot use before anything is written", async () => {
    const output_dir = join(temporary(), "run");
    const fine = { problems, quiet: true };
    await assert.rejects(train(recipe(output_dir, { trian: {} }), { quiet: true }), /trian/);
    await assert.rejects(
      train(recipe(output_dir, { data: { families: ["chain"] } }), {
        quiet: true,
        rewards: { mine: () => 1 },
      }),
      /Cannot use the reward function mine as reward.functions must list it/,
    );
    await assert.rejects(train(recipe(output_dir, { trian: {} }), fine), /trian/);
    const unknown = { ...fine, problems: [{ text: "Où?", answer: 1 }] };
    await assert.rejects(
      train(recipe(output_dir), unknown),
      /^Error: Cannot train as the tokenizer does not know "Où/,
    );
    await assert.rejects(sft({ ...recipe(output_dir), sft: {} }, unknown));
    const cause = new Error("boom");
    const boom = () => {
      throw cause;
    };
    await assert.rejects(
      train(recipe(output_dir, { reward: ["accuracy", "mine"] }), { ...fine, rewards: { mine: boom } }),
      { message: "Cannot use the reward function mine as it failed on problem problem:1: boom", cause },
    );
    await assert.rejects(train("demo", fine), /Cannot combine problems with a recipe file/);
    assert.ok(!existsSync(output_dir));
  });
});

describe("sft() and generate()", () => {
  it("fine-tune on solutions in memory and answer from what comes out", async () => {
    const folder = temporary();
    const losses: unknown[] = [];
    const solved = problems.map((problem) => ({
      ...problem,
      solution: `${problem.text.slice(8)}=${problem.answer};`,
    }));
    const { checkpoint } = await sft({
      model: "trainer/recipes/tiny-base",
      output_dir: join(folder, "run"),
      prompt: { system: "", max_prompt_length: 64 },
      sft: { phases: [{ steps: 4, learning_rate: 1e-3 }], examples_per_step: 6, hinted_fraction: 0 },
    }, {
      problems: solved,
      quiet: true,
      export: join(folder, "model"),
      onStep: ({ loss }) => void losses.push(loss),
    });
    assert.equal(losses.length, 4);
    assert.ok(Number(losses[3]) < Number(losses[0]));
    const options = { max_tokens: 12, temperature: 0 };
    const [one, two] = await Promise.all(
      [checkpoint, join(folder, "model")].map((m) => generate(m, ["Compute 1+2"], options)),
    );
    assert.deepEqual(one, two);
    assert.match(one![0]![0]!.text, /\d/);
    const several = await generate(checkpoint, ["Compute 1+2", { text: "1+2=" }], {
      samples: 3,
      max_tokens: 4,
      seed: 5,
    });
    assert.deepEqual(several.map((answers) => answers.length), [3, 3]);
    await assert.rejects(
      generate(checkpoint, ["Où?"]),
      /the tokenizer does not know "Où\?" in it and would read <unk> instead$/,
    );
    await assert.rejects(
      generate(checkpoint, ["Compute 1+2"], { max_tokens: 1e6 }),
      /Cannot answer as prompt and completion/,
    );
  });
});
