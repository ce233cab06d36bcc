// How the time of a whole step (generation, forward, backward, AdamW) grows over two decades of tokens at a fixed
// sequence length, and over two decades of parameters: by depth alone, and by width and depth together. Over prompts: how
// it grows with the tokens of a prompt that G completions have in common.
//   npm run -s bench -- growth [--over tokens,depth,size,prompt] [--json]
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

const COMPLETION = 48;
/** What a point is measured on; SHAPE where nothing else is said. */
interface Shape {
  size: readonly [hidden: number, layers: number, inner: number];
  prompts: number;
  samples: number;
  prompt: number;
}
const SHAPE = { samples: 8, prompt: 16 };
interface Point {
  parameters: number;
  /** Of all sequences. */
  tokens: number;
  prompt: number;
  /** What the update computes, a prompt once and no completion's last token. */
  computed: number;
  generation: number;
  update: number;
  attention: { operations: number; time: number };
  dispatches: number;
}

const of = (size: Shape["size"], sequences: number): Shape => ({
  ...SHAPE,
  size,
  prompts: sequences / SHAPE.samples,
});
/** By what grows. */
const SERIES: Record<string, readonly Shape[]> = {
  tokens: [64, 200, 640, 2000, 6400].map((sequences) => of([64, 3, 176], sequences)),
  depth: [2, 6, 20, 63, 200].map((layers) => of([64, layers, 176], 16)),
  size: [
    of([64, 2, 176], 32),
    of([64, 7, 176], 32),
    of([128, 5, 352], 32),
    of([192, 7, 528], 32),
    of([256, 12, 704], 32),
  ],
  ...Object.fromEntries([4, 8, 16].map((samples) => [
    `prompt, G = ${samples}`,
    [24, 48, 96, 192, 384].map((prompt): Shape => ({ size: [128, 5, 352], prompts: 4, samples, prompt })),
  ])),
};
const names = (over: string) => Object.keys(SERIES).filter((name) => name.split(",")[0] === over);

const { values } = parseArgs({
  options: { json: { type: "boolean" }, over: { type: "string", default: "tokens,depth,size,prompt" } },
});
const load = loadavg().map((value) => value.toFixed(1));
const gpu = await openGpu(dawn());
const results: Record<string, Point[]> = {};
for (const over of values.over.split(",")) {
  if (names(over).length === 0) {
    throw new TypeError(`Cannot measure growth over ${over}: use tokens, depth, size or prompt`);
  }
  for (const name of names(over)) {
    results[name] = [];
    for (const shape of SERIES[name]!) results[name].push(await point(gpu, shape));
  }
}
gpu.close();
if (values.json) console.log(JSON.stringify({ load, results }));
else print();

async function point(gpu: Gpu, { size, prompts, samples, prompt }: Shape): Promise<Point> {
  const config = configOf(size, prompt + COMPLETION);
  const sequences = prompts * samples;
  const model = randomModel(gpu, config, 1);
  const generator = new Generator(model);
  const micro_batch_tokens = Math.min(sequences * (prompt + COMPLETION), 8192); // the demo's
  const learner = new Learner(model, { micro_batch_tokens, temperature: 1 });
  const optimizer = new Optimizer(model, learner.gradients.buffers, {
    adam_beta1: 0.9,
    adam_beta2: 0.999,
    adam_epsilon: 1e-8,
    weight_decay: 0,
    max_grad_norm: 1,
  });
  const requests = Array.from({ length: prompts }, (_, i) => ({
    prompt_ids: Array.from({ length: prompt }, (_, t) => (i * 31 + t * 7) % config.vocab_size),
    samples,
    key: [0, i] as const,
  }));
  const options = { max_tokens: COMPLETION, temperature: 1, greedy: false, seed: 1, eos_ids: [] };
  const step = async () => {
    const began = performance.now();
    const groups = await generator.generate(requests, options);
    const sampled = performance.now();
    const batch = groups.flatMap((group, i) =>
      group.map(({ ids }) => ({ ids: [...requests[i]!.prompt_ids, ...ids], prompt_length: prompt }))
    );
    await learner.accumulate(batch, batch.map(() => new Float32Array(COMPLETION).fill(1e-4)));
    await optimizer.step(1e-9);
    return { generation: (sampled - began) / 1000, update: (performance.now() - sampled) / 1000 };
  };
  await step(); // compiles the kernels
  const times = [await step(), await step(), await step()];
  const { time, dispatches } = await profiled(gpu, step);
  const { products, attention } = trainingFlops(config, prompt + COMPLETION);
  const result = {
    parameters: model.size,
    tokens: sequences * (prompt + COMPLETION),
    prompt,
    computed: prompts * (prompt + samples * (COMPLETION - 1)),
    generation: median(times.map(({ generation }) => generation)),
    update: median(times.map(({ update }) => update)),
    attention: { operations: attention / (attention + products), time },
    dispatches,
  };
  for (const part of [optimizer, learner, generator, model]) part.destroy();
  return result;
}

function configOf(
  [hidden_size, num_hidden_layers, intermediate_size]: Shape["size"],
  length: number,
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
    max_position_embeddings: Math.max(128, length),
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
    "prompt",
    "tokens",
    "computed",
    "step s",
    "generation s",
    "update s",
    "attention, operations",
    "time",
    "dispatches",
  ]);
  line(["---", ...Array(10).fill("---:")]);
  for (const [over, points] of Object.entries(results)) {
    for (const p of points) {
      const seconds = [step(p), p.generation, p.update].map((value) => value.toFixed(3));
      const shares = [p.attention.operations, p.attention.time].map(percent);
      line([over, p.parameters, p.prompt, p.tokens, p.computed, ...seconds, ...shares, p.dispatches]);
    }
  }
  console.log();
  for (const [over, points] of Object.entries(results)) {
    const prompts = over.startsWith("prompt");
    const x = (p: Point) => prompts ? p.prompt : over === "tokens" ? p.tokens : p.parameters;
    const parts = [step, (p: Point) => p.generation, (p: Point) => p.update];
    const [all, generation, update] = parts.map((y) => slope(points, x, y).toFixed(2));
    const formula = [(p: Point) => p.computed, (p: Point) => p.tokens].map((y) =>
      slope(points, x, y).toFixed(2)
    );
    const beside = prompts ? `; P + G (R - 1): ${formula[0]}, G (P + R): ${formula[1]}` : "";
    console.log(`Slope over ${over}: step ${all}, generation ${generation}, update ${update}${beside}`);
  }
}
