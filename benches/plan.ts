// The memory plan: a table of what fits where, and how far the plan is from what a run takes.
//   npm run -s bench -- plan [--measure] [--json]
// --measure also runs one step of a small model each in a process of its own and compares plan, buffers and process.

import { limitsOf } from "#shared/engine/gpu/counting_gpu.ts";
import { openGpu } from "#shared/engine/gpu/device.ts";
import type { ModelConfig } from "#shared/engine/model/config.ts";
import { LORA_MODULES } from "#shared/schemas/recipe/learning.ts";
import { parseArgs } from "node:util";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import { gib, largestMicroBatch, planMemory } from "../trainer/memory/memory_plan.ts";
import type { PlanSettings } from "../trainer/memory/settings.ts";
import { measurePlan, qwen2, QWEN25 } from "../trainer/memory/testing.ts";

const GIB = [8, 16, 24, 80];
const lora = { r: 16, lora_alpha: 32, target_modules: [...LORA_MODULES] };
type Choice = "lora" | "gradient_checkpointing" | "weights_dtype" | "activations_dtype";
const full: Pick<PlanSettings, Choice> = {
  lora: null,
  gradient_checkpointing: false,
  weights_dtype: "float32",
  activations_dtype: "float32",
};
const adapters: typeof full = { ...full, lora };
const MODES: Record<string, typeof full> = {
  full,
  "full, bf16 activations": { ...full, activations_dtype: "bfloat16" },
  "full, checkpointing": { ...full, gradient_checkpointing: true },
  "full, checkpointing, bf16 activations": {
    ...full,
    gradient_checkpointing: true,
    activations_dtype: "bfloat16",
  },
  LoRA: adapters,
  "LoRA, checkpointing": { ...adapters, gradient_checkpointing: true },
  "LoRA, bf16 weights": { ...adapters, weights_dtype: "bfloat16" },
  "LoRA, bf16 weights, checkpointing": {
    ...adapters,
    weights_dtype: "bfloat16",
    gradient_checkpointing: true,
  },
  "LoRA, bf16 weights and activations": {
    ...adapters,
    weights_dtype: "bfloat16",
    activations_dtype: "bfloat16",
  },
};
const generation = {
  prompts: 16,
  samples: 8,
  extends: false,
  prompt_tokens: 512,
  completion_tokens: 512,
  rows: 32,
  evaluated: 0,
};

/** A model that is all matrices, so that a run's memory stands out from the rest of the process. */
const measured: Omit<PlanSettings, Choice> = {
  config: qwen2(896, 4864, 4, 14, 2, 16000),
  reference: false,
  micro_batch_tokens: 2048,
  generation: {
    prompts: 2,
    samples: 2,
    extends: false,
    prompt_tokens: 40,
    completion_tokens: 8,
    rows: 4,
    evaluated: 0,
  },
};

const { values } = parseArgs({
  options: { measure: { type: "boolean" }, json: { type: "boolean" }, one: { type: "string" } },
});
if (values.one !== undefined) console.log(JSON.stringify(await measureOne(MODES[values.one]!)));
else {
  const fits: Awaited<ReturnType<typeof row>>[] = [];
  for (const [model, config] of Object.entries(QWEN25)) {
    for (const [mode, settings] of Object.entries(MODES)) fits.push(await row(model, mode, config, settings));
  }
  const checks = values.measure ? Object.keys(MODES).map((mode) => ({ mode, ...spawnOne(mode) })) : [];
  if (values.json) console.log(JSON.stringify({ fits, checks }));
  else print(fits, checks);
}

async function row(model: string, mode: string, config: ModelConfig, settings: (typeof MODES)[string]) {
  const all = { config, reference: false, micro_batch_tokens: 1024, generation, ...settings };
  const { buffers: _, ...bytes } = await planMemory(all);
  const micro_batch = [];
  for (const room of GIB) micro_batch.push(await largestMicroBatch(all, room * 2 ** 30));
  return { model, mode, ...bytes, micro_batch };
}

/** Opens the adapter, compiles every kernel on a tiny model, then measures. */
async function measureOne(settings: (typeof MODES)[string]) {
  const gpu = await openGpu(dawn());
  const all = { ...measured, ...settings };
  const { config } = measured;
  const tiny = { ...config, hidden_size: 56, intermediate_size: 64, head_dim: 64, vocab_size: 64 };
  await measurePlan(gpu, { ...all, config: tiny });
  Bun.gc(true);
  const before = process.memoryUsage.rss();
  let after = 0;
  const counted = await measurePlan(gpu, all, () => {
    Bun.gc(true);
    after = process.memoryUsage.rss();
  });
  gpu.close();
  return { planned: (await planMemory(all, limitsOf(gpu))).total, counted, process: after - before };
}

function spawnOne(mode: string): { planned: number; counted: number; process: number } {
  const { stdout } = Bun.spawnSync([process.execPath, import.meta.path, "--one", mode], {
    stderr: "inherit",
  });
  return JSON.parse(stdout.toString());
}

function print(
  fits: Awaited<ReturnType<typeof row>>[],
  checks: ({ mode: string } & ReturnType<typeof spawnOne>)[],
): void {
  const line = (cells: (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);
  const size = (bytes: number) => (bytes / 2 ** 30).toFixed(2);
  const groups = ["weights", "gradients", "moments", "activations", "kv", "scratch", "total"] as const;
  line(["model", "trained", ...groups, ...GIB.map((room) => `${room} GiB`)]);
  line(["---", "---", ...groups.map(() => "---:"), ...GIB.map(() => "---:")]);
  for (const { model, mode, micro_batch, ...bytes } of fits) {
    line([model, mode, ...groups.map((group) => size(bytes[group])), ...micro_batch.map((n) => n || "-")]);
  }
  if (checks.length === 0) return;
  console.log();
  line(["run", "planned", "buffers counted", "process grew by", "plan / counted", "plan / process"]);
  line(["---", "---:", "---:", "---:", "---:", "---:"]);
  for (const { mode, planned, counted, process } of checks) {
    const ratios = [planned / counted, planned / process].map((ratio) => ratio.toFixed(3));
    line([mode, gib(planned), gib(counted), gib(process), ...ratios]);
  }
}
