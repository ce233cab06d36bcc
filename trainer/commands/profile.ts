// profile: where the time of one step goes, kernel by kernel, as a table and a file for chrome://tracing or Perfetto.
// The step is a rollout of random prompts and an update on what was sampled, without rewards.

import { join } from "node:path";
import * as v from "valibot";
import { openGpu } from "#shared/engine/gpu/device.ts";
import { type KernelEvent, type KernelTime, Profiler } from "#shared/engine/gpu/profiler.ts";
import { checkProducts } from "#shared/engine/ops/matmul/check_products.ts";
import { checkEngine } from "#shared/engine/self_test/check_engine.ts";
import { modelDirectory } from "#shared/io/model_directory.ts";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { chooseProducts } from "#shared/engine/ops/matmul/choose_products.ts";
import { Generator } from "#shared/engine/generation/generate.ts";
import { loadConfig, loadModel } from "#shared/engine/model/load.ts";
import { parseFlags } from "#shared/schemas/parse.ts";
import { name, numeral, positiveCount } from "#shared/schemas/values.ts";
import { checkpointName, listCheckpoints } from "../run/checkpoint.ts";
import { theRun } from "../dashboard/runs.ts";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import { recordedKernels, useKernels } from "../run/kernel_choice.ts";
import { Learner } from "../learner/learner.ts";
import { Optimizer } from "../learner/optimizer.ts";

const whole = v.pipe(numeral, positiveCount);
const FlagsSchema = v.strictObject({
  model: v.optional(name),
  run: v.optional(name),
  prompts: whole,
  samples: whole,
  promptTokens: whole,
  maxTokens: whole,
  trace: v.optional(name),
  json: v.optional(v.boolean(), false),
});
/** Where a run keeps the profile of its newest checkpoint. */
const PROFILE = "profile.json";
type Flags = v.InferOutput<typeof FlagsSchema>;

export async function profileCommand(flags: unknown): Promise<void> {
  const options = parseFlags(FlagsSchema, flags);
  if ((options.model === undefined) === (options.run === undefined)) {
    throw new TypeError("Cannot profile as exactly one of --model and --run must be given");
  }
  const run = options.run === undefined ? null : theRun(options.run);
  const directory = run === null ? modelDirectory(options.model!) : newestCheckpoint(run);
  const gpu = await openGpu(dawn());
  try {
    await checkProducts(gpu);
    const recorded = run === null ? undefined : recordedKernels(run);
    if (recorded === undefined) await chooseProducts(gpu);
    else await useKernels(gpu, recorded); // what the run computes with
    await checkEngine(gpu, "training", loadConfig(directory));
    const model = loadModel(gpu, directory);
    const step = await stepOf(model, options);
    await step(); // compiles the kernels
    const profiler = gpu.profiler = new Profiler(gpu);
    await step();
    gpu.profiler = undefined;
    await profiler.collect();
    if (options.trace !== undefined) {
      writeFileAtomic(options.trace, JSON.stringify(chromeTrace(profiler.events)));
    }
    const kernels = profiler.times();
    const report = JSON.stringify({ adapter: gpu.facts.description || gpu.facts.device, kernels });
    if (run !== null) writeFileAtomic(join(run, PROFILE), report + "\n");
    console.log(options.json ? report : table(kernels));
    if (run !== null && !options.json) console.log(`\n${join(run, PROFILE)}: the dashboard shows it, too`);
  } finally {
    gpu.close();
  }
}

function newestCheckpoint(run: string): string {
  const root = join(run, "checkpoints");
  const step = listCheckpoints(root).at(-1);
  if (step === undefined) throw new Error(`Cannot profile ${run} as it has no checkpoint yet`);
  return join(root, checkpointName(step));
}

function stepOf(model: ReturnType<typeof loadModel>, options: Flags): () => Promise<void> {
  const { prompts, samples, promptTokens, maxTokens } = options;
  const generator = new Generator(model);
  const learner = new Learner(model, {
    micro_batch_tokens: prompts * samples * (promptTokens + maxTokens),
    temperature: 1,
  });
  const optimizer = new Optimizer(model, learner.gradients.buffers, {
    adam_beta1: 0.9,
    adam_beta2: 0.999,
    adam_epsilon: 1e-8,
    weight_decay: 0,
    max_grad_norm: 1,
  });
  const ids = (i: number) =>
    Array.from({ length: promptTokens }, (_, t) => (i * 31 + t * 7) % model.config.vocab_size);
  const requests = Array.from({ length: prompts }, (_, i) => ({
    prompt_ids: ids(i),
    samples,
    key: [0, i] as const,
  }));
  return async () => {
    const settings = { max_tokens: maxTokens, temperature: 1, greedy: false, seed: 1, eos_ids: [] };
    const groups = await generator.generate(requests, settings);
    const batch = groups.flatMap((group, i) =>
      group.map((sample) => ({
        ids: [...requests[i]!.prompt_ids, ...sample.ids],
        prompt_length: promptTokens,
      }))
    );
    const pass = await learner.forward(batch);
    await learner.backward(pass, pass.logprobs.map((own) => own.map(() => 1e-3)));
    await optimizer.step(1e-9);
  };
}

/** https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU: complete events, microseconds. */
function chromeTrace(events: readonly KernelEvent[]): object {
  const first = Math.min(...events.map(({ start }) => start));
  return {
    traceEvents: events.map(({ label, start, milliseconds, flops, bytes }) => ({
      name: label,
      ph: "X",
      ts: (start - first) * 1000,
      dur: milliseconds * 1000,
      pid: 1,
      tid: 1,
      args: { flops, bytes },
    })),
  };
}

function table(kernels: readonly KernelTime[]): string {
  const total = kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const rate = (amount: number, milliseconds: number) =>
    amount > 0 && milliseconds > 0 ? (amount / milliseconds / 1e6).toFixed(2) : "-";
  const rows = kernels.map(({ label, calls, milliseconds, flops, bytes }) => [
    label,
    String(calls),
    milliseconds.toFixed(2),
    `${(100 * milliseconds / total).toFixed(1)} %`,
    rate(flops, milliseconds),
    rate(bytes, milliseconds),
  ]);
  const all = [["kernel", "calls", "ms", "share", "GFLOP/s", "GB/s"], ...rows, [
    "total",
    "",
    total.toFixed(2),
  ]];
  const widths = all[0]!.map((_, i) => Math.max(...all.map((row) => (row[i] ?? "").length)));
  const cell = (text: string, i: number) => i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!);
  return all.map((row) => row.map(cell).join("  ")).join("\n");
}
