import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolders } from "#shared/io/testing.ts";
import { checkTrace } from "#shared/problems/synthetic.ts";
import { parse } from "#shared/schemas/parse.ts";
import { type SftRecipe, SftRecipeSchema } from "#shared/schemas/recipe/sft.ts";
import { TINY_HINT_GLUE } from "#shared/text/tiny_tokenizer.ts";
import { RunDirectory } from "../run/directory.ts";
import { sftSource } from "./sft_source.ts";
import { runLoop } from "./train.ts";
import { examplesAt } from "./sft_examples.ts";
import { Status } from "../run/progress.ts";
import { chainProblem, EOS, tinyTokenizer, UnigramPolicy } from "./testing.ts";

const CONTEXT = { name: "context", tokens: 256 } as const;
const temporary = temporaryFolders();

function recipe(
  output_dir: string,
  sft: Record<string, unknown> = {},
  data: Record<string, unknown> = {},
): SftRecipe {
  const value = {
    model: "m",
    output_dir,
    data: { families: ["chain", "addition"], ...data },
    prompt: { system: "", max_prompt_length: 96 },
    sft: {
      phases: [{ steps: 3, learning_rate: 1 }, { steps: 2, learning_rate: 0.5, step_error_rate: 0.9 }],
      examples_per_step: 40,
      hint_glue: TINY_HINT_GLUE,
      ...sft,
    },
    optimizer: { lr_scheduler_type: "constant", warmup_ratio: 0 },
    checkpoint: { save_every: 1, keep: 1 },
  };
  return parse(SftRecipeSchema, value, "recipe");
}

/** Prompt and target of every example as text. */
function texts(step: number, r: SftRecipe, problems: Parameters<typeof examplesAt>[2] = null) {
  const phase = r.sft.phases[r.sft.phases.length - 1]!;
  return examplesAt(step, phase, problems, r, tinyTokenizer, EOS, CONTEXT).map(({ ids, prompt_length }) => {
    const all = Array.from(ids);
    assert.equal(all.at(-1), EOS);
    return {
      prompt: tinyTokenizer.decode(all.slice(0, prompt_length)),
      target: tinyTokenizer.decode(all.slice(prompt_length)),
    };
  });
}

const asProblem = (prompt: string) => {
  const text = prompt.replace("\nAnswer: ", "");
  return {
    id: "1",
    text,
    answer: "?",
    trace: null,
    level: null,
    source: text.startsWith("Add") ? "addition" : "chain",
  };
};

describe("examplesAt()", () => {
  it("solves easy problems rightly and puts errors into hard ones", () => {
    const right = { easy: 0, hard: 0 };
    const count = { easy: 0, hard: 0 };
    for (let step = 0; step < 10; step++) {
      for (const { prompt, target } of texts(step, recipe("o", { hinted_fraction: 0 }))) {
        const kind = target.split(";").length >= 3 ? "hard" : "easy";
        count[kind]++;
        if (checkTrace(asProblem(prompt), target)) right[kind]++;
      }
    }
    assert.equal(right.easy, count.easy);
    assert.ok(right.hard < 0.05 * count.hard, `${right.hard} of ${count.hard} hard traces are right`);
    assert.ok(count.hard > 140 && count.easy > 140, `${count.easy} easy, ${count.hard} hard`);
  });

  it("shows the beginning of the trace in the prompt and asks for the rest", () => {
    const r = recipe("o", { hinted_fraction: 1, phases: [{ steps: 1, learning_rate: 1 }] });
    let hinted = 0;
    for (const { prompt, target } of texts(0, r)) {
      const [question, hint] = prompt.split(TINY_HINT_GLUE) as [string, string?];
      if (hint === undefined) continue; // a trace of one step shows nothing
      hinted++;
      assert.match(hint, /;\nAnswer: $/);
      assert.equal(checkTrace(asProblem(question), hint.replace("\nAnswer: ", "") + target), true);
    }
    assert.ok(hinted > 20, `${hinted} of 40`);
  });

  it("gives the same batch for the same step and seed, and another one otherwise", () => {
    const r = recipe("o");
    assert.deepEqual(texts(4, r), texts(4, r));
    assert.notDeepEqual(texts(4, r), texts(5, r));
    assert.notDeepEqual(texts(4, r), texts(4, { ...r, seed: 1 }));
  });

  it("takes the traces of a file, and refuses one without a trace or with too long a prompt", () => {
    const r = recipe("o", { hinted_fraction: 0, examples_per_step: 2 }, {
      families: [],
      path: "p",
      shuffle: false,
    });
    const problems = [chainProblem("1"), chainProblem("2")];
    assert.deepEqual(
      texts(0, r, problems).map(({ target }) => target),
      Array(2).fill("1+2=3;3+3=6;6+5=11;11+9=20####20"),
    );
    assert.throws(
      () => texts(0, r, [{ ...chainProblem("1"), trace: null }]),
      /problem 1 as it has no solution trace/,
    );
    const long = { ...chainProblem("1"), text: "1+".repeat(60) };
    assert.throws(() => texts(0, r, [long]), /at most 96 tokens: current length is 121/);
    const steps = Array(60).fill("1+2=3;");
    const wordy = { ...chainProblem("1"), trace: { text: steps.join(""), steps } };
    assert.throws(
      () => texts(0, r, [wordy]),
      /as prompt and solution must have at most 256 tokens \(the model's context\)/,
    );
    assert.throws(
      () => texts(0, { ...r, sft: { ...r.sft, micro_batch_tokens: 20 } }, problems),
      /as prompt and solution must have at most 20 tokens \(sft\.micro_batch_tokens\)/,
    );
  });

  it("shows no hint that does not fit", () => {
    const own = { families: [], path: "p", shuffle: false };
    const r = recipe("o", { hinted_fraction: 1, examples_per_step: 1 }, own);
    const unhinted = { ...r, sft: { ...r.sft, hinted_fraction: 0 } };
    const problems = [chainProblem("1")];
    const phase = r.sft.phases[0]!;
    const lengthOf = (own: SftRecipe) =>
      examplesAt(0, phase, problems, own, tinyTokenizer, EOS, CONTEXT)[0]!.prompt_length;
    const plain = lengthOf(unhinted);
    assert.ok(lengthOf(r) > plain);
    const tight = { ...r, prompt: { ...r.prompt, max_prompt_length: plain } };
    assert.deepEqual(texts(0, tight, problems), texts(0, unhinted, problems));
  });
});

describe("runLoop() on supervised examples", () => {
  const run = (r: SftRecipe, o: { policy?: UnigramPolicy; resume?: boolean } = {}) =>
    runLoop({
      recipe: r,
      policy: o.policy ?? new UnigramPolicy(),
      source: sftSource({
        recipe: r,
        tokenizer: tinyTokenizer,
        eosId: EOS,
        context: CONTEXT,
        problems: null,
      }),
      evaluation: null,
      resume: o.resume ?? false,
      status: new Status({ total: 1, quiet: true }),
      stop: new AbortController().signal,
    });
  const weights = (path: string) =>
    ["model.json", "optimizer.json"].map((name) =>
      readFileSync(join(path, "checkpoints/step_000005", name), "utf8")
    );

  it("lowers the loss, with each phase's learning rate", async () => {
    const path = temporary();
    const result = await run(recipe(path));
    assert.deepEqual([result.step, result.finished], [5, true]);
    const metrics = new RunDirectory(path).readMetrics();
    assert.deepEqual(metrics.map((record) => record["learning_rate"]), [1, 1, 1, 0.5, 0.5]);
    const [first, last] = [metrics[0]!["loss"]!, metrics.at(-1)!["loss"]!];
    assert.ok(Math.abs(first - Math.log(tinyTokenizer.vocabSize)) < 1e-3, `${first}`);
    assert.ok(last < first - 0.3, `${first} -> ${last}`);
  });

  it("does not depend on how the batch is split into micro-batches", async () => {
    const [whole, split] = [temporary(), temporary()];
    await run(recipe(whole, { micro_batch_tokens: 100_000 }));
    await run(recipe(split, { micro_batch_tokens: 200 }));
    const [a, b] = [whole, split].map((path) => JSON.parse(weights(path)[0]!) as number[]) as [
      number[],
      number[],
    ];
    a.forEach((value, k) => assert.ok(Math.abs(value - b[k]!) < 1e-5));
  });

  it("reaches the same bytes when it is killed and resumed", async () => {
    const whole = temporary();
    await run(recipe(whole));
    for (const kill of [1, 4, 9, 13]) {
      const path = temporary();
      let calls = 0;
      const dies = new UnigramPolicy(() => {
        if (calls++ === kill) throw new Error("killed");
      });
      await assert.rejects(run(recipe(path), { policy: dies }), /killed/);
      await run({ ...recipe(path) }, { resume: true });
      assert.deepEqual(weights(path), weights(whole));
    }
  });
});
