// bun trainer/parity/real_model.ts MODEL --data FOLDER --out RUN [--python PYTHON]
// The whole way of a real instruct model: parity with transformers, two steps of GHPO with LoRA on GSM8K, the saved
// model and its adapters scored by transformers and peft, and eight problems answered under Deno. MODEL is what
// convert_gguf.py wrote, FOLDER holds gsm8k-train.jsonl and gsm8k-test.jsonl. README.md here has the numbers.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readJsonl } from "#shared/io/jsonl.ts";
import { parse } from "#shared/schemas/parse.ts";
import { GroupSchema } from "#shared/schemas/rollout.ts";
import { checkpointName } from "../run/checkpoint.ts";
import { runTraining } from "../commands/train.ts";
import { loadRecipe } from "../run/recipe.ts";
import { RunDirectory } from "../run/directory.ts";
import { compareSaved, compareWithTransformers } from "./transformers.ts";
import { TrainRecipeSchema } from "../run/train_recipe.ts";

const LIMIT = 1e-3;

const { positionals: [model], values } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string", default: "../shared/data" },
    out: { type: "string", default: "runs/real-model" },
    python: { type: "string", default: "python3" },
  },
});

const failures: string[] = [];
const report = (what: string, figures: object, ok: boolean) => {
  console.log(JSON.stringify({ what, ok, ...figures }));
  if (!ok) failures.push(what);
};

if (model === undefined || !existsSync(join(model, "reference.json"))) {
  console.log(
    `skipped: ${model ?? "no MODEL given; it"} has no reference.json, which convert_gguf.py writes`,
  );
} else {
  await main(model);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

async function main(base: string): Promise<void> {
  const parity = await compareWithTransformers(base);
  const close = parity.margins_at_difference.every((margin) => margin < LIMIT);
  report("parity", parity, parity.max_logprob_error <= LIMIT && close);

  const recipe = loadRecipe(TrainRecipeSchema, "smollm2-gsm8k", [
    ["model", base],
    ["output_dir", values.out],
    ["data.path", join(values.data, "gsm8k-train.jsonl")],
  ]);
  const began = performance.now();
  const trained = existsSync(join(values.out, "recipe.toml"))
    ? { checkpoint: join(values.out, "checkpoints", checkpointName(recipe.train.max_steps)) }
    : await runTraining(recipe, {});
  const run = new RunDirectory(values.out);
  const steps = run.readMetrics().map(({ step, grad_norm, step_time, reward_std }) => ({
    step,
    grad_norm,
    step_time,
    reward_std,
  }));
  const trains = steps.every(({ grad_norm }) => grad_norm! > 0);
  report("training", { seconds: (performance.now() - began) / 1000, steps }, trains);

  const file = join(values.out, "rollouts", `${checkpointName(recipe.train.max_steps)}.jsonl`);
  const groups = [...readJsonl(file)].map(({ value }) => parse(GroupSchema, value, file));
  const completions = groups.flatMap(({ prompt_ids, completions }) =>
    completions.map(({ ids }) => ({ prompt_ids, ids }))
  );
  const saved = await compareSaved(trained.checkpoint, base, completions, values.python);
  report("saved model", saved, saved.max_merged_error <= LIMIT && saved.max_adapter_error <= LIMIT);

  report("evaluation under Deno", await evaluate(trained.checkpoint), true);
}

/** The first eight problems of GSM8K's test split by the evaluator's own command. */
async function evaluate(checkpoint: string) {
  const evaluator = Bun.spawn([
    "node",
    "scripts/run.mjs",
    "evaluate",
    ...["--model", resolve(checkpoint), "--benchmarks", "gsm8k", "--data", resolve(values.data)],
    ...["--limit", "8", "--max-tokens", "64", "--temperature", "0", "--json"],
  ], { cwd: join(import.meta.dirname, "..", ".."), stderr: "ignore" });
  const text = await new Response(evaluator.stdout).text();
  if (await evaluator.exited !== 0) throw new Error("Cannot evaluate as the evaluator failed");
  const result = JSON.parse(text) as { benchmarks: object[]; run: { duration_s: number } };
  return { seconds: result.run.duration_s, benchmarks: result.benchmarks };
}
