// How the time of a whole step (generation, forward, backward, AdamW) grows over two decades of tokens at a fixed
// sequence length, and over two decades of parameters: by depth alone, and by width and depth together.
//   npm run -s bench -- growth [--over tokens,depth,size] [--json]
// The slope is that of a straight line fitted to the logarithms: 1 is proportional. Attention's share is that of the
// floating-point operations by formula and, in one more step with timestamps, of the kernels' time; that step also counts
// the dispatches. speed.md has results.

import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { type Gpu, openGpu } from "#shared/engine/gpu/device.ts";
import { Profiler } from "#shared/engine/gpu/profiler.ts";
import { type ModelConfig, parseConfig } from "#shared/engine/model/config.ts";
import { Generator } from "#shared/engine/generation/generate.ts";
import { randomModel } from "#shared/engine/model/initialise.ts";
import { mean } from "#shared/statistics.ts";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import { Learner } from "../trainer/learner/learner.ts";
import { Optimizer } from "../trainer/learner/optimizer.ts";
import { trainingFlops } from "./peers/step.ts";
import { median } from "./peers/step_timing.ts";

const SAMPLES = 8;
const PROMPT = 16;
const COMPLETION = 48;
const LENGTH = PROMPT + COMPLETION;
interface Point {
  parameters: number;
  tokens: number;
  generation: number;
  update: number;
  attention: { operations: number; time: number };
  dispatches: number;
}

/** By what grows: hidden size, layers and MLP size, and the number of sequences. */
const SERIES: Record<string, readonly (readonly [readonly [number, number, number], number])[]> = {
  tokens: [64, 200, 640, 2000, 6400].map((sequences) => [[64, 3, 176], sequences] as const),
  depth: [2, 6, 20, 63, 200].map((layers) => [[64, layers, 176], 16] as const),
  size: [
    [[64, 2, 176], 32],
    [[64, 7, 176], 32],
    [[128, 5, 352], 32],
    [[192, 7, 528], 32],
    [[256, 12, 704], 32],
  ],
};

const { values } = parseArgs({
  options: { json: { type: "boolean" }, over: { type: "string", default: Object.keys(SERIES).join() } },
});
const load = loadavg().map((value) => value.toFixed(1));
const gpu = await openGpu(dawn());
const results: Record<string, Point[]> = {};
for (const over of values.over.split(",")) {
  const series = SERIES[over];
  if (!series) throw new TypeError(`Cannot measure growth over ${over}: use ${Object.keys(SERIES)}`);
  results[over] = [];
  for (const [size, sequences] of series) results[over].push(await point(gpu, size, sequences));
}
gpu.close();
if (values.json) console.log(JSON.stringify({ load, results }));
else print();

async function point(gpu: Gpu, size: readonly [number, number, number], sequences: number): Promise<Point> {
  const config = configOf(size);
  const model = randomModel(gpu, config, 1);
  const generator = new Generator(model);
  const micro_batch_tokens = Math.min(sequences, 128) * LENGTH; // at most 8192, the demo's
  const learner = new Learner(model, { micro_batch_tokens, temperature: 1 });
  const optimizer = new Optimizer(model, learner.gradients.buffers, {
    adam_beta1: 0.9,
    adam_beta2: 0.999,
    adam_epsilon: 1e-8,
    weight_decay: 0,
    max_grad_norm: 1,
  });
  const requests = Array.from({ length: sequences / SAMPLES }, (_, i) => ({
    prompt_ids: Array.from({ length: PROMPT }, (_, t) => (i * 31 + t * 7) % config.vocab_size),
    samples: SAMPLES,
    key: [0, i] as const,
  }));
  const options = { max_tokens: COMPLETION, temperature: 1, greedy: false, seed: 1, eos_ids: [] };
  const step = async () => {
    const began = performance.now();
    const groups = await generator.generate(requests, options);
    const sampled = performance.now();
    const batch = groups.flatMap((group, i) =>
      group.map(({ ids }) => ({ ids: [...requests[i]!.prompt_ids, ...ids], prompt_length: PROMPT }))
    );
    await learner.accumulate(batch, batch.map(() => new Float32Array(COMPLETION).fill(1e-4)));
    await optimizer.step(1e-9);
    return { generation: (sampled - began) / 1000, update: (performance.now() - sampled) / 1000 };
  };
  await step(); // compiles the kernels
  const times = [await step(), await step(), await step()];
  const { time, dispatches } = await profiled(gpu, step);
  const { products, attention } = trainingFlops(config, LENGTH);
  const result = {
    parameters: model.size,
    tokens: sequences * LENGTH,
    generation: median(times.map(({ generation }) => generation)),
    update: median(times.map(({ update }) => update)),
    attention: { operations: attention / (attention + products), time },
    dispatches,
  };
  for (const part of [optimizer, learner, generator, model]) part.destroy();
  return result;
}

function configOf(
  [hidden_size, num_hidden_layers, intermediate_size]: readonly [number, number, number],
): ModelConfig {
  return parseConfig({
    model_type: "llama",
    hidden_size,
    num_hidden_layers,
    intermediate_size,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    vocab_size: 64,
    tie_word_embeddings: true,
    max_position_embeddings: 128,
  });
}

/** Attention's share of the kernels' time, and the dispatches of one step. */
async function profiled(gpu: Gpu, step: () => Promise<unknown>) {
  const profiler = gpu.profiler = new Profiler(gpu);
  await step();
  gpu.profiler = undefined;
  await profiler.collect();
  profiler.destroy();
  const sum = (kernels: readonly { milliseconds: number }[]) =>
    kernels.reduce((total, { milliseconds }) => total + milliseconds, 0);
  const attention = profiler.events.filter(({ label }) => label.includes("attention"));
  return { time: sum(attention) / sum(profiler.events), dispatches: profiler.events.length };
}

/** Least squares of log y on log x. */
function slope(points: readonly Point[], x: (p: Point) => number, y: (p: Point) => number): number {
  const [xs, ys] = [x, y].map((of) => points.map((p) => Math.log(of(p)))) as [number[], number[]];
  const [middle, level] = [mean(xs), mean(ys)];
  const over = xs.reduce((sum, value, i) => sum + (value - middle) * (ys[i]! - level), 0);
  return over / xs.reduce((sum, value) => sum + (value - middle) ** 2, 0);
}

function print(): void {
  const line = (cells: (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const step = ({ generation, update }: Point) => generation + update;
  console.log(`Load averages before: ${load.join(", ")}; ${gpu.facts.description}\n`);
  line([
    "over",
    "parameters",
    "tokens",
    "step s",
    "generation s",
    "update s",
    "attention, operations",
    "time",
    "dispatches",
  ]);
  line(["---", ...Array(8).fill("---:")]);
  for (const [over, points] of Object.entries(results)) {
    for (const p of points) {
      const seconds = [step(p), p.generation, p.update].map((value) => value.toFixed(3));
      const shares = [p.attention.operations, p.attention.time].map(percent);
      line([over, p.parameters, p.tokens, ...seconds, ...shares, p.dispatches]);
    }
  }
  console.log();
  for (const [over, points] of Object.entries(results)) {
    const x = (p: Point) => over === "tokens" ? p.tokens : p.parameters;
    const parts = [step, (p: Point) => p.generation, (p: Point) => p.update];
    const [all, generation, update] = parts.map((y) => slope(points, x, y).toFixed(2));
    console.log(`Slope over ${over}: step ${all}, generation ${generation}, update ${update}`);
  }
}
