// What a first run waits for: the kernels of the demo's training step, compiled without the driver's cache.
//   npm run -s bench -- startup [--model DIR] [--variants base] [--json]
// Dawn makes the pipelines; a CPU driver compiles the machine code at a kernel's first dispatch, which is what it takes
// longer than the same dispatch of a second step. A pipeline's time has the wait for a driver that is busy in it, so the
// whole is the difference between the walls of the steps and not the sum of the rows.

import { Profiler } from "#shared/engine/gpu/profiler.ts";
import { parseArgs } from "node:util";
import type { EnginePolicy } from "../trainer/learner/gpu_policy.ts";
import { openEngine } from "../trainer/learner/open_engine.ts";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "trainer/recipes/tiny-base" },
    variants: { type: "string", default: "auto" },
    json: { type: "boolean" },
    child: { type: "boolean" },
  },
});

interface Figure {
  label: string;
  kernels: number;
  pipeline_ms: number;
  first_dispatch_ms: number;
}

if (values.child) console.log(JSON.stringify(await measure()));
else {
  // Mesa reads the environment when it is loaded, so the measured process is another one.
  const args = [import.meta.path, "--child", "--model", values.model, "--variants", values.variants];
  const env = { ...process.env, MESA_SHADER_CACHE_DISABLE: "true" };
  const { exitCode, stdout } = Bun.spawnSync([process.execPath, ...args], { env, stderr: "inherit" });
  if (exitCode !== 0) process.exit(exitCode);
  const result = JSON.parse(stdout.toString());
  if (values.json) console.log(JSON.stringify(result));
  else print(result);
}

async function measure() {
  const made: { label: string; milliseconds: number }[] = [];
  const started = performance.now();
  const policy = await openEngine({
    model: values.model,
    variants: values.variants === "base" ? "base" : "auto",
    learner: { micro_batch_tokens: 512, temperature: 1 },
    optimizer: {
      adam_beta1: 0.9,
      adam_beta2: 0.95,
      adam_epsilon: 1e-8,
      weight_decay: 0.01,
      max_grad_norm: 1,
    },
    reference: false,
  });
  const { gpu } = policy.model;
  const create = gpu.device.createComputePipeline;
  gpu.device.createComputePipeline = (descriptor) => {
    const before = performance.now();
    const pipeline = create.call(gpu.device, descriptor);
    made.push({ label: descriptor.label!, milliseconds: performance.now() - before });
    return pipeline;
  };
  const opened = performance.now();
  const profiler = gpu.profiler = new Profiler(gpu);
  const walls = [await step(policy), await step(policy)];
  gpu.profiler = undefined;
  await profiler.collect();
  const half = profiler.events.length / 2;
  const figures = new Map<string, Figure>();
  const figure = (label: string) => {
    const own = figures.get(label) ?? { label, kernels: 0, pipeline_ms: 0, first_dispatch_ms: 0 };
    figures.set(label, own);
    return own;
  };
  for (const { label, milliseconds } of made) {
    figure(label).kernels++;
    figure(label).pipeline_ms += milliseconds;
  }
  for (const [i, { label, milliseconds }] of profiler.events.slice(0, half).entries()) {
    figure(label).first_dispatch_ms += milliseconds - profiler.events[half + i]!.milliseconds;
  }
  policy.close();
  return {
    adapter: gpu.facts.description,
    kernels: [...figures.values()],
    open_ms: opened - started,
    first_step_ms: walls[0]!,
    second_step_ms: walls[1]!,
  };
}

/** A rollout, its log-probs, their gradients and an update: every kernel of the demo's training. */
async function step(policy: EnginePolicy): Promise<number> {
  const before = performance.now();
  const prompt = Array.from({ length: 24 }, (_, i) => 2 + i % 30);
  const sampling = { max_tokens: 16, temperature: 1, greedy: false, seed: 1, eos_ids: [] };
  const [samples] = await policy.generate([{ prompt_ids: prompt, samples: 8, key: [0, 0] }], sampling);
  const batch = samples!.map(({ ids }) => ({
    ids: [...prompt, ...Array.from(ids)],
    prompt_length: prompt.length,
  }));
  const pass = await policy.forward(batch);
  await policy.backward(pass, pass.logprobs.map((own) => own.map(() => 1e-3)));
  await policy.step(1e-9);
  return performance.now() - before;
}

function print({ adapter, kernels, ...walls }: Awaited<ReturnType<typeof measure>>): void {
  const line = (cells: (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);
  line(["kernel", "pipelines", "pipeline ms", "first dispatch ms"]);
  line(["---", "---:", "---:", "---:"]);
  kernels.sort((a, b) => b.first_dispatch_ms - a.first_dispatch_ms);
  for (const { label, kernels: made, pipeline_ms, first_dispatch_ms } of kernels) {
    line([label, made, pipeline_ms.toFixed(0), first_dispatch_ms.toFixed(0)]);
  }
  const { open_ms, first_step_ms, second_step_ms } = walls;
  const compiling = first_step_ms - second_step_ms;
  console.log(
    `\n${adapter}: opening with self-test ${open_ms.toFixed(0)} ms, first step ${
      first_step_ms.toFixed(0)
    } ms, ` +
      `second ${second_step_ms.toFixed(0)} ms: ${compiling.toFixed(0)} ms for compiling, ` +
      `${(open_ms + compiling).toFixed(0)} ms with the opening`,
  );
}
