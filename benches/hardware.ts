// Everything that is worth knowing of a card, in under eight minutes and without a network: the kernel tests, the race
// between the matrix products, products and steps at Qwen2.5-0.5B's shapes, decoding, and one step of the demo's GHPO.
//   npm run -s bench -- hardware [--model 0.5B|tiny] [--python PYTHON] [--profile gpu] [--out FILE]
// With --python (torch and transformers) PyTorch does the products and the training step on the same card, or on the
// CPU where it sees none. Every part is tried, and one that fails is written down as failed: the file, by default
// benches/results/hardware-ADAPTER.json, has raw numbers, losing ones too. tiny is for trying the program itself, and so is
// --profile gpu, which takes a software adapter for a card.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openGpu, PRODUCTS, type Products } from "#shared/engine/gpu/device.ts";
import { Recorder } from "#shared/engine/gpu/recorder.ts";
import { Generator } from "#shared/engine/generation/generate.ts";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import { parseConfig } from "#shared/engine/model/config.ts";
import { randomModel } from "#shared/engine/model/initialise.ts";
import { checkProducts } from "#shared/engine/ops/matmul/check_products.ts";
import { matmulNN, matmulNT, matmulTN } from "#shared/engine/ops/matmul/matmul.ts";
import { productErrors } from "#shared/engine/ops/matmul/product_error.ts";
import { autotune, candidates } from "#shared/engine/ops/matmul/autotune.ts";
import { Learner } from "../trainer/learner/learner.ts";
import { Optimizer } from "../trainer/learner/optimizer.ts";
import { operands, timed } from "./peers/shapes.mjs";
import { ADAM, batchOfGroups } from "./peers/step.ts";
import { median } from "./peers/step_timing.ts";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "0.5B" },
    python: { type: "string" },
    profile: { type: "string" },
    out: { type: "string" },
  },
});
const qwen2 = (hidden: number, inner: number, layers: number, heads: number, kv: number, vocab: number) => ({
  model_type: "qwen2",
  hidden_size: hidden,
  intermediate_size: inner,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  num_key_value_heads: kv,
  vocab_size: vocab,
  max_position_embeddings: 1024,
  tie_word_embeddings: true,
  rope_theta: 1e6,
  eos_token_id: 0,
});
const MODELS: Record<string, Record<string, unknown>> = {
  "0.5B": qwen2(896, 4864, 24, 14, 2, 151936),
  tiny: qwen2(64, 128, 2, 4, 2, 512),
};
const ROOT = join(import.meta.dir, "..");
const chosen = MODELS[values.model];
if (!chosen) {
  throw new TypeError(`Cannot use the model ${values.model} as there is none: use ${Object.keys(MODELS)}`);
}
const config = parseConfig(chosen);
/** Prompts, their tokens, completions of each, their tokens. */
const SHAPE = [2, 192, 8, 64] as const;

if (values.profile !== undefined && values.profile !== "gpu") {
  throw new TypeError(`Cannot take the adapter for ${values.profile}: use gpu`);
}
const gpu = await openGpu(dawn(), values.profile === undefined ? {} : { profile: "gpu" });
/** The kernels for matrix products that were worth measuring. */
let raced: Products[] = [gpu.products];
const parts: Record<string, unknown> = {};
await part("tests", () => bun("test", "--timeout", "60000", "shared/engine/ops"));
await part("self test", () => checkProducts(gpu));
await part("race", async () => {
  const choice = await autotune(gpu);
  gpu.chosen = choice.products;
  raced = PRODUCTS.filter((products) =>
    choice.milliseconds[products] !== undefined || products === choice.products
  );
  return { ...choice, units: { f32_lanes: gpu.matrixLanes, f16: gpu.halfUnits }, offered: candidates(gpu) };
});
await part("errors", errors);
await part("products", products);
await part("training step", trainingStep);
await part("decoding", decoding);
await part("PyTorch", () => values.python === undefined ? "not asked for" : pytorch(values.python));
await part("one GHPO step", () => bun("trainer/main.ts", "train", "trainer/recipes/demo.toml", ...oneStep()));
const { facts } = gpu;
gpu.close();
const name = (facts.description || facts.device || facts.vendor).replace(/[^\w.-]+/g, "-").slice(0, 60);
const out = values.out ?? join(import.meta.dir, "results", `hardware-${name}.json`);
mkdirSync(join(out, ".."), { recursive: true });
writeFileSync(
  out,
  JSON.stringify({ adapter: facts, model: values.model, shape: SHAPE, parts }, null, 2) + "\n",
);
console.log(`written to ${out}`);

/** One part with its seconds; what it throws is its result. */
async function part(name: string, run: () => unknown): Promise<void> {
  const began = performance.now();
  try {
    const result = await run();
    await gpu.idle();
    parts[name] = { seconds: (performance.now() - began) / 1000, ...(result !== undefined && { result }) };
  } catch (error) {
    parts[name] = { seconds: (performance.now() - began) / 1000, failed: (error as Error).message };
  }
  console.error(`${name}: ${JSON.stringify(parts[name]).slice(0, 400)}`);
}

function bun(...args: string[]): string {
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, ...args], { cwd: ROOT, timeout: 180_000 });
  const last = stderr.toString().trim().split("\n").slice(-4).join("; ");
  if (exitCode !== 0) throw new Error(`ended with ${exitCode}: ${last}`);
  return last;
}

/** By all kernels that the adapter offers, those too that are not right enough to take part in the race. */
async function errors() {
  const [rows, cols, inner] = [128, 128, 512];
  const numbers = (count: number, step: number) =>
    Float32Array.from({ length: count }, (_, i) => ((i * step) % 65521) / 65521 - 0.5);
  const operands = {
    x: numbers(rows * inner, 7919),
    w: numbers(inner * cols, 104729),
    y: numbers(rows * cols, 1299709),
  };
  const results: Record<string, unknown> = {};
  const kinds = ["validation", "internal"] as const;
  for (const products of candidates(gpu)) {
    for (const kind of kinds) gpu.device.pushErrorScope(kind); // kernels that do not compile end only their own row
    const row = await by(products, () => productErrors(gpu, { ...operands, rows, cols, inner }));
    const refused = [await gpu.device.popErrorScope(), await gpu.device.popErrorScope()].find((error) =>
      error
    );
    results[products] = refused ? { refused: refused.message } : row;
  }
  return results;
}

async function by<T>(products: Products, run: () => Promise<T>): Promise<T> {
  const { chosen } = gpu;
  gpu.chosen = products;
  try {
    return await run();
  } finally {
    gpu.chosen = chosen;
  }
}

/** Of all matrices of a block, forward and both gradients, on as many rows as a micro-batch has. */
async function products() {
  const recorder = new Recorder(gpu);
  const { hidden_size: hidden, intermediate_size: inner, num_attention_heads: heads, head_dim } = config;
  const qkv = (heads + 2 * config.num_key_value_heads) * head_dim;
  const results = [];
  for (const [cols, depth] of [[qkv, hidden], [2 * inner, hidden], [hidden, inner]] as const) {
    for (const [kind, product] of [["NN", matmulNN], ["NT", matmulNT], ["TN", matmulTN]] as const) {
      const rows = 1024;
      // x (rows, depth) w (depth, cols); dy (rows, cols) w^T; x^T (depth, rows) dy (rows, cols).
      const shape = kind === "TN"
        ? { rows: depth, cols, inner: rows }
        : kind === "NT"
        ? { rows, cols: depth, inner: cols }
        : { rows, cols, inner: depth };
      const { x, w } = operands(shape.rows, shape.cols, shape.inner);
      const [left, right] = [gpu.upload("x", x), gpu.upload("w", w)];
      const out = gpu.allocate("out", shape.rows * shape.cols * 4);
      for (const products of raced) {
        const time = await by(products, () =>
          timed(
            () =>
              (product as typeof matmulTN)(recorder, { x: left, w: right, y: right, out } as never, shape),
            async () => {
              recorder.submit();
              await gpu.idle();
            },
          ));
        results.push({ kind, products, ...shape, ...time, gflops: 2e-9 * rows * cols * depth / time.wall_s });
      }
      gpu.release(left, right, out);
    }
  }
  recorder.destroy();
  return results;
}

async function trainingStep() {
  const [prompts, promptTokens, samples, tokens] = SHAPE;
  const sequences = batchOfGroups(prompts, promptTokens, samples, tokens);
  const model = randomModel(gpu, config, 1);
  const computed = prompts * (promptTokens + samples * (tokens - 1));
  const learner = new Learner(model, { micro_batch_tokens: computed, temperature: 1 });
  const optimizer = new Optimizer(model, learner.gradients.buffers, {
    adam_beta1: ADAM.beta1,
    adam_beta2: ADAM.beta2,
    adam_epsilon: ADAM.eps,
    weight_decay: 0,
    max_grad_norm: 1,
  });
  const coefficients = sequences.map((_, i) => new Float32Array(tokens).fill(i % 2 === 0 ? 1e-3 : -1e-3));
  const seconds = await repeated(async () => {
    const pass = await learner.forward(sequences);
    await learner.backward(pass, coefficients);
    await optimizer.step(1e-6);
  });
  const { peakBytes } = gpu;
  for (const each of [optimizer, learner, model]) each.destroy();
  return { seconds, tokens: computed, peakBytes };
}

async function decoding() {
  const model = randomModel(gpu, config, 1);
  const generator = new Generator(model);
  const results = [];
  for (const samples of [1, 8]) {
    const requests = Array.from({ length: 8 }, (_, i) => ({
      prompt_ids: Array.from({ length: 64 }, (_, t) => (i * 31 + t * 7) % 500),
      samples,
      key: [0, i] as const,
    }));
    const options = { max_tokens: 64, temperature: 1, greedy: false, seed: 1, eos_ids: [] };
    const seconds = await repeated(async () => void await generator.generate(requests, options));
    results.push({ sequences: 8 * samples, seconds, tokens_per_second: 8 * samples * 64 / seconds });
  }
  generator.destroy();
  model.destroy();
  return results;
}

/** The median of three after one that compiles. */
async function repeated(once: () => Promise<void>): Promise<number> {
  const seconds = [];
  for (let i = 0; i < 4; i++) {
    const began = performance.now();
    await once();
    await gpu.idle();
    seconds.push((performance.now() - began) / 1000);
  }
  return median(seconds.slice(1));
}

function pytorch(python: string): unknown {
  const job = JSON.stringify({ config: chosen, shape: SHAPE });
  const { exitCode, stdout, stderr } = Bun.spawnSync([
    python,
    join(import.meta.dir, "peers/hardware_torch.py"),
  ], {
    stdin: new Blob([job]),
    timeout: 180_000,
  });
  if (exitCode !== 0) throw new Error(`ended with ${exitCode}: ${stderr.toString().slice(-500)}`);
  return JSON.parse(stdout.toString().trim().split("\n").at(-1)!);
}

function oneStep(): string[] {
  const folder = join(ROOT, "runs", `hardware-${process.pid}`);
  return ["--output_dir", folder, "--train.max_steps", "1", "--eval.eval_every", "0", "--quiet"];
}
