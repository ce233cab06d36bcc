// Runs by recipe with weights and activations stored in bf16: they take less memory, go on where they stopped to the
// same bits, and cannot go on with another type.

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SftRecipeSchema } from "#shared/schemas/recipe/sft.ts";
import { runSft } from "../commands/sft.ts";
import { runTraining } from "../commands/train.ts";
import { loadRecipe } from "../run/recipe.ts";
import type { Override } from "../run/flags.ts";
import { RunDirectory } from "../run/directory.ts";
import { TrainRecipeSchema } from "../run/train_recipe.ts";

const folder = mkdtempSync(join(tmpdir(), "ghpo-dtypes-"));
after(() => rmSync(folder, { recursive: true }));

const BF16: Override[] = [["train.weights_dtype", "bfloat16"], ["train.activations_dtype", "bfloat16"]];

async function run(name: string, overrides: Override[], resume = false): Promise<RunDirectory> {
  const recipe = loadRecipe(TrainRecipeSchema, "demo", [
    ["output_dir", join(folder, name)],
    ["lora", "{ r = 4, lora_alpha = 8 }"],
    ["train.max_steps", "2"],
    ["train.prompts_per_step", "2"],
    ["generation.max_completion_length", "16"],
    ["eval.eval_every", "0"],
    ["checkpoint.save_every", "1"],
    ["checkpoint.best_by", '""'],
    ...overrides,
  ]);
  await runTraining(recipe, { quiet: true, resume });
  return new RunDirectory(join(folder, name));
}

/** What the last checkpoint holds of the adapters and their moments. */
function outcome({ checkpoints }: RunDirectory): Buffer[] {
  return ["model.safetensors", "adapter/adapter_model.safetensors", "optimizer.safetensors"]
    .map((name) => readFileSync(join(checkpoints, "step_000002", name)));
}

describe("train with bfloat16", () => {
  it("takes less memory than with float32, each type by itself too", { timeout: 60_000 }, async () => {
    const bytes = [];
    for (
      const [name, overrides] of [["f32", []], ["w", [BF16[0]!]], ["a", [BF16[1]!]], ["both", BF16]] as const
    ) {
      bytes.push((await run(name, [...overrides])).readMetrics().at(-1)!["gpu_bytes"]!);
    }
    const [f32, weights, activations, both] = bytes;
    assert.ok(weights! < f32! && activations! < f32! && both! < Math.min(weights!, activations!), `${bytes}`);
  });

  it(
    "goes on from a checkpoint to the same bits, and not with another type",
    { timeout: 60_000 },
    async () => {
      const whole = outcome(await run("whole", BF16));
      const parts = await run("parts", BF16);
      rmSync(join(parts.checkpoints, "step_000002"), { recursive: true });
      assert.deepEqual(outcome(await run("parts", BF16, true)), whole);
      for (const [key] of BF16) {
        const others = BF16.map(([name, value]): Override => [name, name === key ? "float32" : value]);
        const message = `as ${key} must be "bfloat16", as in its recipe: current value is "float32"`;
        await assert.rejects(run("parts", others, true), (error: Error) => error.message.endsWith(message));
      }
    },
  );
});

describe("sft with less memory for activations", () => {
  const trained = async (name: string, ...overrides: Override[]) => {
    const recipe = loadRecipe(SftRecipeSchema, "tiny-sft", [
      ["output_dir", join(folder, `sft-${name}`)],
      ["sft.phases", "[{ steps = 2, learning_rate = 1e-3 }]"],
      ["sft.examples_per_step", "8"],
      ["eval.eval_every", "0"],
      ...overrides,
    ]);
    await runSft(recipe, { quiet: true });
    return new RunDirectory(recipe.output_dir).readMetrics();
  };

  it(
    "has the same first loss in bf16, the same numbers with checkpointing",
    { timeout: 60_000 },
    async () => {
      const numbers = async (...args: Parameters<typeof trained>) =>
        (await trained(...args)).map(({ loss, entropy, grad_norm }) =>
          [loss!, entropy!, grad_norm!] as const
        );
      const exact = await numbers("f32");
      assert.deepEqual(await numbers("inputs", ["sft.gradient_checkpointing", "true"]), exact);
      const rounded = await numbers("bf16", ["sft.activations_dtype", "bfloat16"]);
      assert.equal(rounded[0]![0], exact[0]![0]);
      const [norm, own] = [exact[0]![2], rounded[0]![2]];
      assert.ok(own !== norm && Math.abs(own / norm - 1) < 0.01, `norm of the gradient: ${own} and ${norm}`);
    },
  );
});
