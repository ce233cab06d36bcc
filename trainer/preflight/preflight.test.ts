import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AdapterTensor, adapterTensors } from "#shared/engine/lora/lora.ts";
import { loadConfig } from "#shared/engine/model/load.ts";
import { parameterLayouts } from "#shared/engine/model/weights.ts";
import { SafetensorsFile } from "#shared/io/safetensors.ts";
import { writeSafetensors } from "#shared/io/safetensors_writer.ts";
import { syntheticProblems } from "#shared/problems/synthetic.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import { parse } from "#shared/schemas/parse.ts";
import { SftRecipeSchema } from "#shared/schemas/recipe/sft.ts";
import { tinyTokenizerFiles } from "#shared/text/tiny_tokenizer.ts";
import { Tokenizer } from "#shared/text/tokenizer.ts";
import { writeByteModel } from "../commands/init/testing.ts";
import { exportGguf } from "../gguf/export_gguf.ts";
import { loadRecipe, RECIPES } from "../run/recipe.ts";
import { sftRequirements, trainRequirements } from "./requirements.ts";
import { preflight } from "./preflight.ts";
import { preflightOf } from "./recipe.ts";
import { renderPreflight } from "./table.ts";
import { TokenCounts } from "./token_counts.ts";
import { TrainRecipeSchema } from "../run/train_recipe.ts";

const TINY_BASE = join(RECIPES, "tiny-base");
const { tokenizer: file, config } = tinyTokenizerFiles(256);
const tiny = new Tokenizer(file, config);
const context = { tokens: 256, name: "context" } as const;
const problems = syntheticProblems({
  families: ["chain"],
  levels: [2, 4],
  count: 40,
  seed: 1,
  split: "train",
});
/** The same as if a file had held them. */
const own = problems.map((problem, i) => ({ ...problem, id: `own:${i}`, source: "own" }));

type Settings = Record<string, Record<string, unknown>>;

async function trainReport(
  rows: readonly Problem[],
  settings: Settings = {},
  eosIds = [1],
  tokenizer = tiny,
) {
  const value = {
    model: "m",
    output_dir: "o",
    ...settings,
    data: { path: "p", ...settings["data"] },
    prompt: { system: "", ...settings["prompt"] },
    generation: { max_completion_length: 64, ...settings["generation"] },
    ghpo: { cold_start_steps: 0, hint_glue: " Hint: ", ...settings["ghpo"] },
    reward: { preset: "strict", format: "hash", ...settings["reward"] },
  };
  const requirements = await trainRequirements(parse(TrainRecipeSchema, value, "recipe"), context);
  return await preflight({ problems: rows, errors: [], benchmarks: {}, requirements, tokenizer, eosIds });
}

async function sftReport(
  rows: readonly Problem[],
  prompt: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
) {
  const sft = { ...more, phases: [{ steps: 1, learning_rate: 1 }], hint_glue: " Hint: " };
  const value = { model: "m", output_dir: "o", data: { path: "p" }, prompt: { system: "", ...prompt }, sft };
  const requirements = sftRequirements(parse(SftRecipeSchema, value, "recipe"), context);
  return await preflight({
    problems: rows,
    errors: [],
    benchmarks: {},
    requirements,
    tokenizer: tiny,
    eosIds: [1],
  });
}

const broken = (changes: Partial<Problem>, index = 7) =>
  own.map((problem, i) => i === index ? { ...problem, ...changes } : problem);

describe("preflight()", () => {
  it("finds nothing where all is well, and says what it measured", async () => {
    const report = await trainReport(own, { ghpo: { leak_guard: false } });
    assert.deepEqual(report.faults, []);
    assert.equal(report.reference!.full, 40);
    const { prompt_tokens, stages, target_tokens, staged } = report.lengths!;
    const counted = own.map(({ text }) => tiny.encode(`${text}\nAnswer: `).length);
    assert.deepEqual([prompt_tokens!.min, prompt_tokens!.max], [Math.min(...counted), Math.max(...counted)]);
    assert.equal(staged, 40);
    assert.deepEqual(stages.map(({ hints }) => hints), [20, 40, 20]); // two steps are hinted at 50 %, four at all
    assert.ok(stages.every((stage) => stage.prompt_tokens!.min > prompt_tokens!.min));
    assert.ok(target_tokens!.max < 64);
    assert.deepEqual(report.eos, ["<eos>"]);
    assert.match(renderPreflight(report), /^references with full marks {2}40 of 40, as hash$/m);
  });

  it("refuses a prompt that is too long, or leaves it out where told to", async () => {
    const long = broken({ text: `Compute 1${"+1".repeat(120)}` });
    const refused = await trainReport(long);
    assert.equal(refused.faults.length, 1);
    assert.match(
      refused.faults[0]!,
      /^1 of 40 prompts are longer than 192 tokens \(the model's context less .*\), the longest, of problem own:7, 243: raise/,
    );
    const dropped = await trainReport(long, { data: { on_long_prompt: "drop" } });
    assert.deepEqual([dropped.faults, dropped.dropped, dropped.problems.length], [[], ["own:7"], 39]);
    assert.ok(dropped.lengths!.prompt_tokens!.max <= 192, "what is left out is in no range");
    assert.match(dropped.warnings.join(), /^left out of 40 problems: 1, with prompts longer than 192 tokens/);
    const sft = await sftReport(long, { max_prompt_length: 60 });
    assert.match(
      sft.faults.join(),
      /^1 of 40 prompts are longer than 60 tokens \(prompt\.max_prompt_length\)/,
    );
  });

  it("refuses a prompt that asks for one form and a reward that reads another", async () => {
    const words = own.map((problem) => ({ ...problem, trace: null }));
    const reward = { functions: ["accuracy"], weights: [1] };
    for (const preset of ["gsm8k", "minerva", "dapo"]) {
      const report = await trainReport(
        own,
        { prompt: { system: "Put the number between <answer> tags" }, reward: { ...reward, preset } },
        [1],
        asciiTokenizer(),
      );
      assert.match(
        report.faults.join(),
        /reference solutions in the required form \(think_answer\) earn less than full marks, such as own:0 \(accuracy 0\)/,
        preset,
      );
    }
    const right = await trainReport(
      words,
      { prompt: { system: "Put the number between <answer> tags" }, reward },
      [1],
      asciiTokenizer(),
    );
    assert.deepEqual(right.faults, []);
  });

  it("says where a grader wants more than the prompt says", async () => {
    const system = "Put the answer between <answer> tags";
    const reward = { functions: ["accuracy"], weights: [1], preset: "ghpo" };
    const report = await trainReport(own, { prompt: { system }, reward }, [1], asciiTokenizer());
    assert.deepEqual(report.faults, []);
    assert.match(
      report.warnings.join(),
      /reads answers in \\boxed\{\} or \$\.\.\.\$ only, and the prompt does not say so/,
    );
  });

  it("refuses variables of chat templates that none reads, or that templates are given in any case", async () => {
    const faults = async (prompt: Settings[string]) =>
      (await trainReport(own, { prompt: { system: "", ...prompt } }, [1], asciiTokenizer())).faults;
    assert.deepEqual(await faults({ chat_template_kwargs: { m: true } }), []);
    const chat_template_kwargs = { enable_thinking: false };
    assert.deepEqual(await faults({ chat_template_kwargs }), [
      "prompt.chat_template_kwargs sets enable_thinking, which the chat template does not know",
    ]);
    assert.match(
      (await faults({ chat_template_kwargs, chat_template: false }))[0]!,
      /no prompt reads without/,
    );
    await assert.rejects(
      faults({ chat_template_kwargs: { add_generation_prompt: false } }),
      /prompt\.chat_template_kwargs must not set what every template is given: messages, /,
    );
  });

  it("names the solution that hints cannot be cut from at tokens", async () => {
    const changing = asciiTokenizer({ type: "Replace", pattern: { String: "S" }, content: "5" });
    const ghpo = { hint_cut: "token" };
    const rows = own.map((problem) => ({
      ...problem,
      trace: { text: "1+1=2", steps: ["1+1=2"] },
      answer: "2",
    }));
    const faults = async (text: string, cut: Settings[string] = ghpo) => {
      const changed = rows.map((problem, i) =>
        i === 7 ? { ...problem, trace: { text, steps: [text] } } : problem
      );
      return (await trainReport(changed, { ghpo: cut }, [1], changing)).faults;
    };
    assert.deepEqual(await faults("1+1=2"), []);
    assert.deepEqual(await faults("So 1+1=2", {}), []);
    assert.match(
      (await faults("So 1+1=2")).join(),
      /^hints cannot be cut at tokens \(hint_cut\), as the tokenizer does not give back "S" in the solution of own:7: /,
    );
  });

  it("counts answers that cannot be graded, and refuses where none can", async () => {
    const reward = { functions: ["accuracy"], weights: [1] };
    const some = await trainReport(broken({ answer: "\\frac{" }), { reward });
    assert.equal(some.reference!.gradable, 39);
    assert.match(some.warnings.join(), /1 of 40 answers cannot be graded/);
    const none = await trainReport(own.map((problem) => ({ ...problem, answer: "\\frac{" })), { reward });
    assert.match(
      none.faults.join(),
      /reward\.preset can grade none of the answers, as the answer "\\\\frac\{" of own:0/,
    );
  });

  it("names what a tokenizer cannot read or write", async () => {
    const prompt = await trainReport(broken({ text: "Compute 2+2 @home" }));
    assert.match(
      prompt.faults.join(),
      /^the tokenizer does not know "@home" in the prompt of problem own:7 .* <unk>/,
    );
    const steps = ["add 2 and 2"];
    const solution = await sftReport(broken({ trace: { text: steps[0]!, steps } }));
    assert.match(
      solution.warnings.join(),
      /no tokens for 1 of 40 solutions .* as for "add" in that of own:7/,
    );
    const template = await trainReport(own, { prompt: { system: "Be kind" } });
    assert.match(template.faults.join(), /This model has no system turn/);
    const silent = new Tokenizer(file, config, "{{ messages[0].content | upper }}");
    assert.match(
      (await trainReport(own, {}, [1], silent)).faults.join(),
      /does not show the problem own:0 as it is/,
    );
  });

  it("refuses problems without a solution where they are learned, and says so where they are hinted", async () => {
    const rows = broken({ trace: null });
    assert.match(
      (await sftReport(rows)).faults.join(),
      /^1 of 40 problems have no solution \(own:7\), and supervised/,
    );
    assert.match(
      (await trainReport(rows)).warnings.join(),
      /^1 of 40 problems have no solution \(own:7\) and can never/,
    );
    const none = await trainReport(own.map((problem) => ({ ...problem, trace: null })));
    assert.deepEqual(none.faults, []);
    const short = own.map((problem) => ({
      ...problem,
      trace: { text: "1+1=2", steps: ["1+1=2"] },
      answer: "2",
    }));
    assert.match((await trainReport(short)).warnings.join(), /stage 3 \(0\.75\) gives no problem a hint/);
  });

  it("refuses solutions that do not fit the context, and a model without an end", async () => {
    const text = "1+1=2;".repeat(50);
    const long = broken({ trace: { text, steps: [text] }, answer: "2" });
    assert.match(
      (await sftReport(long)).faults.join(),
      /^1 of 40 prompts with their solutions are longer than 256 tokens/,
    );
    assert.match(
      (await sftReport(own, {}, { micro_batch_tokens: 40 })).faults.join(),
      /^\d+ of 40 prompts with their solutions are longer than 40 tokens \(sft\.micro_batch_tokens\)/,
    );
    assert.match(
      (await trainReport(long)).warnings.join(),
      /^1 of 40 solutions are longer than 64 tokens \(generation/,
    );
    assert.match(
      (await trainReport(long, { algorithm: "sft" as never, train: { micro_batch_tokens: 128 } })).faults
        .join(),
      /^1 of 40 prompts with their solutions are longer than 128 tokens \(train\.micro_batch_tokens\)/,
    );
    assert.match((await trainReport(own, {}, [])).faults.join(), /name no end token/);
  });

  it("finds solutions that end in another answer than their row has", async () => {
    const text = "1+1=2####2";
    const rows = (every: number) =>
      own.map((problem, i) =>
        i % every === 0 ? { ...problem, trace: { text, steps: [text] }, answer: "3" } : problem
      );
    assert.match(
      (await trainReport(rows(10))).warnings.join(),
      /4 of 40 solutions end in an answer that differs from their row's \(own:0: 2 and 3,/,
    );
    assert.match(
      (await trainReport(rows(1))).faults.join(),
      /40 of 40 solutions end in an answer that differs/,
    );
    const same = own.map((problem) => ({
      ...problem,
      trace: { text: "1/2####1/2", steps: ["1/2####1/2"] },
      answer: "0.5",
    }));
    assert.doesNotMatch((await trainReport(same)).warnings.join(), /another answer/);
  });

  it("reports duplicates, and overlap with what is evaluated on", async () => {
    const rows = broken({ text: own[0]!.text });
    const report = await trainReport(rows);
    assert.match(report.warnings.join(), /^1 of 40 problems are duplicates \(own:7 is own:0\)/);
  });
});

describe("TokenCounts", () => {
  it("is about right for texts by their parts, and learns its scale from a few", () => {
    const counts = TokenCounts.of(asciiTokenizer());
    const texts = [
      "Ann has 12,345 pens.\nShe gives 4 away!",
      "x = 3.5 (see above); y -> 7",
      "  two  spaces\n\n",
    ];
    for (const text of texts) assert.equal(counts.about(text), text.length); // a token is a character here
    counts.calibrate(texts);
    for (const text of texts) assert.equal(counts.about(text), counts.exact(text));
  });
});

describe("preflightOf()", () => {
  it("finds that a curriculum has no hard problems, and shows own rewards the tokens of the references", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ghpo-preflight-"));
    try {
      const path = join(folder, "train.jsonl");
      const rows = own.map(({ text, answer, trace }) => ({ problem: text, answer, solution: trace!.text }));
      writeFileSync(path, rows.map((line) => JSON.stringify(line)).join("\n"));
      const data = ["data", `{ families = [], path = ${JSON.stringify(path)} }`] as const;
      const curriculum = loadRecipe(TrainRecipeSchema, "demo", [data, ["algorithm", "grpo_curriculum"]]);
      assert.match(
        (await preflightOf(curriculum)).faults.join(),
        /^Cannot run a curriculum as no problem is hard: .*levels are none$/,
      );
      const lengths: number[] = [];
      const brief = loadRecipe(TrainRecipeSchema, "demo", [data, [
        "reward.functions",
        '["accuracy", "brief"]',
      ]]);
      const rewards = {
        brief: ({ ids }: { ids: readonly number[] }) => (lengths.push(ids.length), 1 / ids.length),
      };
      assert.deepEqual((await preflightOf(brief, { own: { rewards } })).faults, []);
      assert.ok(lengths.length > 0 && Math.min(...lengths) > 3);
      const deciding = (threshold: number, value: (problem: Problem) => number) => {
        const settings = [["reward.functions", '["mine"]'], ["reward.weights", "[1]"], [
          "reward.success_threshold",
          `${threshold}`,
        ]] as const;
        const recipe = loadRecipe(TrainRecipeSchema, "demo", [data, ...settings]);
        return preflightOf(recipe, { own: { rewards: { mine: ({ problem }) => value(problem) } } });
      };
      const none = await deciding(2, () => 1);
      assert.match(
        none.faults.join(),
        /^the reward mine calls 40 of the first 40 reference solutions unsolved, .*success_threshold/,
      );
      const first = own[0]!.text;
      const some = await deciding(1, ({ text }) => Number(text !== first));
      assert.deepEqual(some.faults, []);
      assert.match(
        some.warnings.join(),
        /the reward mine calls 1 of the first 40 reference solutions unsolved/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("calls own rewards with the tokens of a completion or not at all", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ghpo-preflight-"));
    try {
      const write = (text: string) => {
        const path = join(folder, "train.jsonl");
        const row = { problem: text, answer: "3", solution: `${text.slice(8)}=3` };
        writeFileSync(path, JSON.stringify(row));
        return ["data", `{ families = [], path = ${JSON.stringify(path)} }`] as const;
      };
      const calls: number[] = [];
      const look = ({ ids }: { ids: readonly number[] }) => (calls.push(ids.length), 1 / ids.length);
      const evaluated = join(folder, "eval.jsonl");
      writeFileSync(evaluated, JSON.stringify({ problem: "Compute 2+2", answer: "4" }));
      for (const name of ["mine", "accuracy"]) {
        const report = (text: string) => {
          const recipe = loadRecipe(TrainRecipeSchema, "demo", [
            write(text),
            ["reward.functions", JSON.stringify([name])],
            ["reward.weights", "[1]"],
            ["reward.success_threshold", "0.01"],
            ["eval", `{ eval_every = 1, benchmarks = [], path = ${JSON.stringify(evaluated)} }`],
          ]);
          return preflightOf(recipe, { own: { rewards: { [name]: look } } });
        };
        assert.match((await report("Où 1+2")).faults[0]!, /^the tokenizer does not know "Où"/);
        assert.deepEqual(calls, [], name);
        await report("Compute 1+2");
        assert.ok(calls.length > 0 && Math.min(...calls) > 3, `${name}: ${calls.join()}`);
        calls.length = 0;
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("finds missing and cut-off files of weights without loading them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ghpo-preflight-"));
    try {
      const path = join(folder, "train.jsonl");
      writeFileSync(path, JSON.stringify({ problem: "Compute 1+2", answer: "3", solution: "1+2=3" }));
      const data = ["data", `{ families = [], path = ${JSON.stringify(path)} }`] as const;
      const faults = async (model: string, ...more: [string, string][]) => {
        const recipe = loadRecipe(TrainRecipeSchema, "demo", [["model", model], data, ...more]);
        return (await preflightOf(recipe)).faults;
      };
      const model = join(folder, "model");
      cpSync(TINY_BASE, model, { recursive: true });
      assert.deepEqual(await faults(model), []);
      const adapter = join(folder, "adapter");
      assert.deepEqual(
        await faults(model, ["lora", `{ adapter = ${JSON.stringify(adapter)} }`]),
        [`${adapter}/adapter_config.json cannot be read as it does not exist`],
      );
      const whole = join(folder, "whole.gguf");
      writeByteModel(join(folder, "bytes"));
      exportGguf(join(folder, "bytes"), whole, "f32");
      assert.doesNotMatch((await faults(whole)).join(), /whole\.gguf/);
      const bytes = readFileSync(whole);
      writeFileSync(join(folder, "cut.gguf"), bytes.subarray(0, bytes.length - 64));
      await assert.rejects(
        faults(join(folder, "cut.gguf")),
        /cut\.gguf as it is truncated: tensor .* ends at byte/,
      );
      const weights = join(model, "model.safetensors");
      const { length } = readFileSync(weights);
      writeFileSync(weights, readFileSync(weights).subarray(0, length - 1));
      assert.match((await faults(model)).join(), /model\.safetensors cannot be loaded as it is truncated/);
      rmSync(weights);
      const none =
        `${model} cannot be loaded as it has neither model.safetensors nor model.safetensors.index.json`;
      assert.deepEqual(await faults(model), [none]);
      const index = { weight_map: { "model.norm.weight": "model-00002-of-00002.safetensors" } };
      writeFileSync(join(model, "model.safetensors.index.json"), JSON.stringify(index));
      assert.match(
        (await faults(model)).join(),
        /model-00002-of-00002\.safetensors cannot be read as it does not exist/,
      );
      const name = { name: "model.norm.weight", shape: [1], data: new Float32Array(1) };
      writeSafetensors(join(model, "model-00002-of-00002.safetensors"), [name]);
      assert.match(
        (await faults(model)).join(),
        /cannot be loaded as tensor model\.embed_tokens\.weight is missing/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("finds patterns of ranks and alphas that mean no matrix", async () => {
    const faults = async (lora: string) => {
      const recipe = loadRecipe(TrainRecipeSchema, "demo", [["model", TINY_BASE], ["lora", lora]]);
      return (await preflightOf(recipe)).faults;
    };
    assert.deepEqual(
      await faults(`{ rank_pattern = { "layers.0.*" = 4 }, alpha_pattern = { q_proj = 3 } }`),
      [],
    );
    assert.deepEqual(
      await faults(`{ target_modules = ["q_proj"], rank_pattern = { q_proj = 8, v_proj = 4 } }`),
      ['"v_proj" of lora.rank_pattern or lora.alpha_pattern matches none of the matrices that get adapters'],
    );
  });

  it("finds weights and adapters of other shapes, and adapters that [lora] does not describe", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ghpo-preflight-"));
    try {
      const path = join(folder, "train.jsonl");
      writeFileSync(path, JSON.stringify({ problem: "Compute 1+2", answer: "3", solution: "1+2=3" }));
      const model = join(folder, "model");
      const adapter = join(folder, "adapter");
      cpSync(TINY_BASE, model, { recursive: true });
      mkdirSync(adapter);
      const faults = async (r = 6) => {
        const recipe = loadRecipe(TrainRecipeSchema, "demo", [
          ["model", model],
          ["data", `{ families = [], path = ${JSON.stringify(path)} }`],
          ["lora", `{ r = ${r}, target_modules = ["q_proj"], adapter = ${JSON.stringify(adapter)} }`],
        ]);
        return (await preflightOf(recipe)).faults;
      };
      const config = loadConfig(model);
      const settings = { r: 6, lora_alpha: 32, target_modules: ["q_proj"], use_rslora: true };
      const write = (change: (tensors: AdapterTensor[]) => AdapterTensor[]) => {
        const tensors = change(adapterTensors(parameterLayouts(config), settings));
        writeFileSync(
          join(adapter, "adapter_config.json"),
          JSON.stringify({ peft_type: "LORA", ...settings }),
        );
        writeSafetensors(
          join(adapter, "adapter_model.safetensors"),
          tensors.map((own) => ({ ...own, data: new Float32Array(own.shape.reduce((a, b) => a * b, 1)) })),
        );
      };
      write((tensors) => tensors);
      assert.deepEqual(await faults(), []);
      assert.deepEqual(
        await faults(8),
        [`the adapters of ${adapter} cannot be loaded as r must be 8: current value is 6`],
      );
      const file = `${adapter}/adapter_model.safetensors cannot be loaded as tensor`;
      const name = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
      const { hidden_size } = config;
      write(([first, ...rest]) => [{ ...first!, shape: [6, 8] }, ...rest]);
      assert.deepEqual(await faults(), [
        `${file} ${name} must be [6, ${hidden_size}]: current shape is [6, 8]`,
      ]);
      write((tensors) => tensors.slice(1));
      assert.deepEqual(await faults(), [`${file} ${name} is missing`]);
      write((tensors) => [...tensors, { name: "another", shape: [1] }]);
      assert.deepEqual(await faults(), [`${file} another does not belong to the adapters`]);
      write((tensors) => tensors);

      const weights = join(model, "model.safetensors");
      const opened = new SafetensorsFile(weights);
      const all = [...opened.tensors].map(([name, { shape }]) => ({ name, shape, data: opened.read(name) }));
      opened.close();
      const norm = { name: "model.norm.weight", shape: [8], data: new Float32Array(8) };
      writeSafetensors(weights, [...all.filter((own) => own.name !== norm.name), norm]);
      assert.deepEqual(await faults(), [
        `${model} cannot be loaded as tensor model.norm.weight must be [${hidden_size}]: current shape is [8]`,
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("looks at what the loop evaluates on, too", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ghpo-preflight-"));
    try {
      const rows = own.map(({ text, answer, trace }) => ({ problem: text, answer, solution: trace!.text }));
      const write = (name: string, lines: unknown[]) => {
        writeFileSync(join(folder, name), lines.map((line) => JSON.stringify(line)).join("\n"));
        return join(folder, name);
      };
      const long = { problem: `Compute 1${"+1".repeat(120)}`, answer: "121" };
      const odd = { problem: "Compute 2+2", answer: "\\frac{" };
      const recipe = loadRecipe(TrainRecipeSchema, "demo", [
        ["data", `{ families = [], path = ${JSON.stringify(write("train.jsonl", rows))} }`],
        ["eval", `{ benchmarks = [], path = ${JSON.stringify(write("eval.jsonl", [long, odd]))} }`],
      ]);
      const never = await preflightOf({ ...recipe, eval: { ...recipe.eval, eval_every: 0 } });
      assert.deepEqual(never.faults, []);
      assert.match(
        never.warnings.join(),
        /nothing is evaluated on eval\.path during the run, as eval\.eval_every is 0/,
      );
      const { faults, warnings } = await preflightOf(recipe);
      assert.match(
        faults.join(),
        /^1 of 2 problems to evaluate on have prompts longer than 128 tokens .*, as eval:1$/,
      );
      assert.match(
        warnings.join(),
        /1 of 2 problems to evaluate on have answers that reward\.preset cannot grade, as eval:2/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** One token for every ASCII character, and a chat template with a system turn. */
function asciiTokenizer(normalizer: unknown = null): Tokenizer {
  const characters = ["\n", ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))];
  const vocab = Object.fromEntries(["<unk>", "<eos>", ...characters].map((token, id) => [token, id]));
  const template = "{% for m in messages %}{{ m.content }}\n{% endfor %}";
  return new Tokenizer(
    {
      added_tokens: [],
      normalizer,
      pre_tokenizer: null,
      post_processor: null,
      decoder: { type: "Fuse" },
      model: { type: "BPE", vocab, merges: [], unk_token: "<unk>" },
    },
    { unk_token: "<unk>", eos_token: "<eos>", chat_template: template },
  );
}
