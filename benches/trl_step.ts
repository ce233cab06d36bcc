// One whole GRPO step here and with TRL's GRPOTrainer on PyTorch's CPU.
//   pip install torch==2.13.0 transformers==5.18.0 trl==1.16.0     (in an environment of your own)
//   npm run -s bench -- trl-step --python PYTHON [--shape 16x192x8x64] [--sizes 0.20M,0.79M,1.18M] [--steps N] [--json]
// A shape is prompts x prompt tokens x completions x completion tokens. The two take turns, a step each.
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
import { collectRollouts, type RolloutSetting } from "../trainer/loop/rollouts.ts";
import { UNGUIDED } from "../trainer/ghpo/strategies/types.ts";
import { examplesOf } from "../trainer/loop/examples.ts";
import { update, updateSettings } from "../trainer/loop/update.ts";
import { median } from "./peers/step_timing.ts";
import { Turns } from "./peers/turns.ts";
import { type TrainRecipe, TrainRecipeSchema } from "../trainer/run/train_recipe.ts";

const SHARES = [0, 0.75];
/** Hidden size, layers, MLP size; four heads each. */
const SIZES: Record<string, [number, number, number]> = {
  "0.20M": [64, 4, 172],
  "0.79M": [128, 4, 344],
  "1.18M": [128, 6, 344],
};
const TOKENIZER = join(import.meta.dir, "../trainer/recipes/tiny");

interface Ready {
  parameters: number;
  /** Natural logarithms of the probabilities of one completion, before any update. */
  logprobs: number[];
}

interface Step {
  seconds: number;
  /** The share of groups with equal rewards. */
  counted: number;
}

interface Row {
  size: string;
  parameters: number;
  z: number;
  /** Medians; the ratio is that of the steps' own ratios. */
  seconds: number;
  trl: number | null;
  ratio: number | null;
}

const { values } = parseArgs({
  options: {
    json: { type: "boolean" },
    python: { type: "string" },
    shape: { type: "string", default: "16x24x8x48" },
    sizes: { type: "string", default: Object.keys(SIZES).join() },
    steps: { type: "string", default: "6" }, // the first compiles
  },
});

const STEPS = Number(values.steps);
const [PROMPTS, PROMPT_TOKENS, SAMPLES, TOKENS] = values.shape.split("x").map(Number) as [
  number,
  number,
  number,
  number,
];

/** An odd number of digits and plus signs, one token each, and the chat template's mark. */
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
  prompt_length: PROMPT_TOKENS,
};

const load = loadavg().map((value) => value.toFixed(1));
const scratch = mkdtempSync(join(tmpdir(), "ghpo-"));
const rows: Row[] = [];
try {
  for (const size of values.sizes.split(",")) rows.push(...await both(size, join(scratch, size)));
} finally {
  rmSync(scratch, { recursive: true });
}
if (values.json) console.log(JSON.stringify({ load, shape: values.shape, rows }));
else print();

/** Steps in turn, for every share z. */
async function both(size: string, directory: string): Promise<Row[]> {
  const own = await openOwn(size, directory);
  const trl = values.python === undefined ? null : await openTrl(directory, values.python);
  if (trl) compareLogprobs(own.ready, trl.ready);
  const rows: Row[] = [];
  for (const z of SHARES) {
    const step = own.steps(z);
    const [here, there]: [number[], number[]] = [[], []];
    for (let i = 0; i < STEPS; i++) {
      const mine = await step();
      const theirs = await trl?.turn<Step>();
      if (theirs && theirs.counted !== mine.counted) {
        throw new RangeError(
          `Cannot compare with TRL as z must be ${mine.counted} in both: current value is ${theirs.counted}`,
        );
      }
      if (i === 0) continue; // compiles
      here.push(mine.seconds);
      if (theirs) there.push(theirs.seconds);
    }
    rows.push({
      size,
      parameters: own.ready.parameters,
      z,
      seconds: median(here),
      trl: trl && median(there),
      ratio: trl && median(there.map((seconds, i) => seconds / here[i]!)),
    });
  }
  own.close();
  trl?.close();
  return rows;
}

/** Writes a random model with the tiny tokenizer; what trains it. */
async function openOwn(size: string, directory: string) {
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
    max_position_embeddings: PROMPT_TOKENS + TOKENS,
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
  /** What takes one step with a share z of groups whose rewards are all equal. */
  const steps = (z: number) => {
    const setting: RolloutSetting = {
      recipe,
      problems,
      tokenizer: policy.tokenizer,
      rewards: [injected(z)],
      sampler: policy,
      eosIds: [],
      promptBudget: PROMPT_TOKENS,
    };
    let taken = 0;
    return async (): Promise<Step> => {
      const began = performance.now();
      const { attempts } = await collectRollouts(setting, taken++, 0, UNGUIDED);
      await update(
        policy,
        examplesOf(attempts, "conditioned"),
        updateSettings(recipe),
        recipe.optimizer.learning_rate,
      );
      const seconds = (performance.now() - began) / 1000;
      const lengths = attempts.flatMap(({ parts }) => parts[0]!.completions.map(({ ids }) => ids.length));
      if (lengths.some((length) => length !== TOKENS)) {
        throw new Error("Cannot compare as a completion ended early");
      }
      return { seconds, counted: attempts.filter(({ zeroStd }) => zeroStd).length / attempts.length };
    };
  };
  const ready: Ready = { parameters: policy.model.size, logprobs: Array.from(logprobs[0]!) };
  return { ready, steps, close: () => policy.close() };
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

function openTrl(directory: string, python: string): Promise<Turns<Ready>> {
  const job = {
    directory,
    prompts: problems.map(({ text }) => `${text}\nAnswer: `),
    samples: SAMPLES,
    prompt_tokens: PROMPT_TOKENS,
    tokens: TOKENS,
    steps: STEPS,
    shares: SHARES,
    scored,
  };
  return Turns.open<Ready>([join(import.meta.dir, "peers/trl_step.py")], python, JSON.stringify(job));
}

/** Whether TRL has the same model. */
function compareLogprobs(own: Ready, trl: Ready): void {
  const furthest = Math.max(...own.logprobs.map((value, i) => Math.abs(value - trl.logprobs[i]!)));
  if (furthest <= 1e-3) return;
  throw new RangeError(
    `Cannot compare with TRL as log-probs must be within 1e-3: current distance is ${furthest}`,
  );
}

function print(): void {
  const line = (cells: (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);
  console.log(`Load averages before: ${load.join(", ")}; ${values.shape}\n`);
  line(["model", "parameters", "z", "ghpo s", "TRL s", "speed of TRL"]);
  line(["---", ...Array(5).fill("---:")]);
  for (const { size, parameters, z, seconds, trl, ratio } of rows) {
    const cells = trl === null ? ["-", "-"] : [trl.toFixed(2), `${ratio!.toFixed(2)}x`];
    line([size, parameters, z, seconds.toFixed(2), ...cells]);
  }
}
