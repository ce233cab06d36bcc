// One whole GRPO step (16 prompts, 8 completions each, 48 tokens) here and with TRL's GRPOTrainer on PyTorch's CPU.
//   pip install torch==2.13.0 transformers==5.18.0 trl==1.16.0     (in an environment of your own)
//   npm run -s bench -- trl-step --python PYTHON [--sizes 0.20M,0.79M,1.18M] [--json]
// The same random model, prompts and lengths in both: neither can sample an end token. Rewards are injected, the same in
// both: in a share z of the groups all are equal, so that their advantages are zero; in the others they alternate. Two
// PyTorch threads. Without --python only the own rows are printed. speed.md has results.

import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { configJson, parseConfig } from "#shared/engine/model/config.ts";
import { parse } from "#shared/schemas/parse.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import { openEngine } from "../trainer/learner/open_engine.ts";
import type { Reward } from "../trainer/loop/rewards.ts";
import { collect, type RolloutSetting } from "../trainer/loop/rollouts.ts";
import { UNGUIDED } from "../trainer/ghpo/strategies/strategy.ts";
import { examplesOf, update, updateSettings } from "../trainer/loop/update.ts";
import { median } from "./peers/step_timing.ts";
import { type TrainRecipe, TrainRecipeSchema } from "../trainer/run/train_recipe.ts";

const PROMPTS = 16;
const SAMPLES = 8;
const PROMPT_TOKENS = 24;
const TOKENS = 48;
const STEPS = 6; // the first compiles
const SHARES = [0, 0.75];
/** Hidden size, layers, MLP size; four heads each. */
const SIZES: Record<string, [number, number, number]> = {
  "0.20M": [64, 4, 172],
  "0.79M": [128, 4, 344],
  "1.18M": [128, 6, 344],
};
const TOKENIZER = join(import.meta.dir, "../trainer/recipes/tiny");

interface Row {
  size: string;
  parameters: number;
  /** By share z: median seconds of a step, and the share of groups with equal rewards that was counted. */
  steps: { z: number; seconds: number; counted: number }[];
  /** Natural logarithms of the probabilities of one completion, before any update. */
  logprobs: number[];
}

const { values } = parseArgs({
  options: {
    json: { type: "boolean" },
    python: { type: "string" },
    sizes: { type: "string", default: Object.keys(SIZES).join() },
  },
});

/** 23 digits and plus signs, one token each, and the chat template's mark. */
const problems = Array.from({ length: PROMPTS }, (_, i): Problem => ({
  id: String(i),
  text: Array.from({ length: PROMPT_TOKENS / 2 }, (_, j) => (i * 5 + j * 3) % 10).join("+"),
  answer: "0",
  trace: null,
  level: null,
  source: "bench",
}));
const scored = {
  ids: Array.from({ length: PROMPT_TOKENS + TOKENS }, (_, t) => 3 + (t * 7) % 30),
  prompt_length: 24,
};

const load = loadavg().map((value) => value.toFixed(1));
const scratch = mkdtempSync(join(tmpdir(), "ghpo-"));
const rows: { own: Row; trl: Row | null }[] = [];
try {
  for (const size of values.sizes.split(",")) {
    const directory = join(scratch, size);
    const own = await runOwn(size, directory);
    const trl = values.python === undefined ? null : runTrl(size, directory, values.python);
    if (trl) compare(own, trl);
    rows.push({ own, trl });
  }
} finally {
  rmSync(scratch, { recursive: true });
}
if (values.json) console.log(JSON.stringify({ load, rows }));
else print();

/** Writes a random model with the tiny tokenizer, then trains it. */
async function runOwn(size: string, directory: string): Promise<Row> {
  const [hidden_size, num_hidden_layers, intermediate_size] = SIZES[size]!;
  cpSync(TOKENIZER, directory, { recursive: true });
  const config = parseConfig({
    model_type: "llama",
    hidden_size,
    num_hidden_layers,
    intermediate_size,
    num_attention_heads: 4,
    vocab_size: 37,
    tie_word_embeddings: true,
    max_position_embeddings: 192,
  });
  writeFileSync(join(directory, "config.json"), JSON.stringify(configJson(config, "float32")));
  const recipe = recipeFor(directory);
  const policy = await openEngine({
    model: directory,
    randomSeed: 1,
    learner: { micro_batch_tokens: recipe.train.micro_batch_tokens, temperature: 1 },
    optimizer: recipe.optimizer,
    reference: false,
  });
  await policy.saveModel(directory);
  const { logprobs } = await policy.forward([scored]);
  const steps: Row["steps"] = [];
  for (const z of SHARES) {
    const setting: RolloutSetting = {
      recipe,
      problems,
      tokenizer: policy.tokenizer,
      rewards: [injected(z)],
      sampler: policy,
      eosIds: [],
      promptBudget: PROMPT_TOKENS,
    };
    const seconds: number[] = [];
    let counted = 0;
    for (let step = 0; step < STEPS; step++) {
      const began = performance.now();
      const { attempts } = await collect(setting, step, 0, UNGUIDED);
      await update(
        policy,
        examplesOf(attempts, "conditioned"),
        updateSettings(recipe),
        recipe.optimizer.learning_rate,
      );
      seconds.push((performance.now() - began) / 1000);
      counted = attempts.filter(({ zeroStd }) => zeroStd).length / attempts.length;
      const lengths = attempts.flatMap(({ parts }) => parts[0]!.completions.map(({ ids }) => ids.length));
      if (lengths.some((length) => length !== TOKENS)) {
        throw new Error("Cannot compare as a completion ended early");
      }
    }
    steps.push({ z, seconds: median(seconds.slice(1)), counted });
  }
  const parameters = policy.model.size;
  policy.close();
  return { size, parameters, steps, logprobs: Array.from(logprobs[0]!) };
}

function recipeFor(model: string): TrainRecipe {
  return parse(TrainRecipeSchema, {
    model,
    output_dir: "unused",
    algorithm: "grpo",
    data: { path: "unused", shuffle: false },
    prompt: { system: "", max_prompt_length: PROMPT_TOKENS },
    generation: { num_generations: SAMPLES, max_completion_length: TOKENS },
    loss: { loss_type: "grpo" },
    reward: { functions: ["accuracy"], weights: [1] },
    optimizer: { learning_rate: 1e-6 },
    train: {
      max_steps: STEPS,
      prompts_per_step: PROMPTS,
      micro_batch_tokens: PROMPTS * SAMPLES * (PROMPT_TOKENS + TOKENS),
    },
  }, "recipe");
}

/** 0 for all completions of the first z of the prompts, 0 and 1 in turn for those of the others. */
function injected(z: number): Reward {
  let calls = 0;
  const call: Reward["call"] = ({ problem }) => Number(problem.id) < z * PROMPTS ? 0 : calls++ % 2;
  return { name: "accuracy", weight: 1, call };
}

function runTrl(size: string, directory: string, python: string): Row {
  const template = problems.map(({ text }) => `${text}\nAnswer: `);
  const job = {
    directory,
    prompts: template,
    samples: SAMPLES,
    prompt_tokens: PROMPT_TOKENS,
    tokens: TOKENS,
  };
  const { exitCode, stdout, stderr } = Bun.spawnSync([python, join(import.meta.dir, "peers/trl_step.py")], {
    stdin: new Blob([JSON.stringify({ ...job, steps: STEPS, shares: SHARES, scored })]),
    stderr: "pipe",
  });
  if (exitCode !== 0) throw new Error(`Cannot run TRL: ${stderr.toString().slice(-2000)}`);
  return { size, ...JSON.parse(stdout.toString().trim().split("\n").at(-1)!) };
}

/** Whether TRL has the same model and the same shares. */
function compare(own: Row, trl: Row): void {
  const furthest = Math.max(...own.logprobs.map((value, i) => Math.abs(value - trl.logprobs[i]!)));
  if (!(furthest <= 1e-3)) {
    throw new RangeError(
      `Cannot compare with TRL as log-probs must be within 1e-3: current distance is ${furthest}`,
    );
  }
  for (const [i, { counted }] of own.steps.entries()) {
    if (counted === trl.steps[i]!.counted) continue;
    throw new RangeError(
      `Cannot compare with TRL as z must be ${counted} in both: current value is ${trl.steps[i]!.counted}`,
    );
  }
}

function print(): void {
  const line = (cells: (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);
  console.log(`Load averages before: ${load.join(", ")}\n`);
  line(["model", "parameters", "z", "ghpo s", "TRL s", "speed of TRL"]);
  line(["---", ...Array(5).fill("---:")]);
  for (const { own, trl } of rows) {
    for (const [i, { seconds, counted }] of own.steps.entries()) {
      const other = trl?.steps[i]?.seconds;
      const cells = other === undefined ? ["-", "-"] : [other.toFixed(2), `${(other / seconds).toFixed(2)}x`];
      line([own.size, own.parameters, counted, seconds.toFixed(2), ...cells]);
    }
  }
}
