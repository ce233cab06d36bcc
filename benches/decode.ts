// Batched decoding: 64 sequences side by side on a model of a million parameters, as a share of the matrix product's
// rate, and on stories260K beside node-llama-cpp at one sequence and one thread.
//   npm install --prefix .cache/peers --no-save @jax-js/jax@0.1.25 @tensorflow/tfjs@4.22.0 \
//     @tensorflow/tfjs-backend-webgpu@4.22.0 node-llama-cpp@3.22.1
//   npm run -s bench -- decode [--peers DIR] [--shared DIR] [--alone] [--json]
// stories260K is read from the folder named by --shared (default: $GHPO_SHARED, else ../shared) and turned into a GGUF
// file. Peers are no dependencies of the project: one line installs those of all benches. speed.md says how it is timed and has results.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openGpu } from "#shared/engine/gpu/device.ts";
import { Recorder } from "#shared/engine/gpu/recorder.ts";
import { matmulNN } from "#shared/engine/ops/matmul/matmul.ts";
import { Generator } from "#shared/engine/generation/generate.ts";
import type { GenerationOptions, GenerationRequest } from "#shared/engine/generation/requests.ts";
import { randomModel } from "#shared/engine/model/initialise.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import type { Model } from "#shared/engine/model/weights.ts";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import { writeGguf } from "./peers/gguf.ts";
import { peersFolder } from "./peers/install.ts";
import { operands, timed } from "./peers/shapes.mjs";
import { forwardFlops, MODELS } from "./peers/step.ts";
import { median } from "./peers/step_timing.ts";

const ROWS = 64;
const { values } = parseArgs({
  options: {
    json: { type: "boolean" },
    alone: { type: "boolean" },
    peers: { type: "string", default: ".cache/peers" },
    shared: { type: "string", default: process.env.GHPO_SHARED ?? "../shared" },
  },
});

const peers = values.alone ? "" : peersFolder(values.peers, ["node-llama-cpp"]);
const load = loadavg().map((value) => value.toFixed(1));
const gpu = await openGpu(dawn());
const million = await batched();
const stories = values.alone ? null : await besideLlama(join(values.shared, "models/stories260k"));
gpu.close();
if (values.json) console.log(JSON.stringify({ load, million, stories }));
else print();

/**
 * Eight prompts of 16 tokens with eight sampled completions of 64 tokens each. In turn with each generation the product
 * to compare with, 512 x 512 x 512 as benches/peers.ts times it: a machine is not as fast at every moment.
 */
async function batched() {
  const config = MODELS["1M"]!;
  const model = randomModel(gpu, config, 1);
  const [prompt, tokens] = [16, 64];
  const requests = Array.from({ length: ROWS / 8 }, (_, i) => ({
    prompt_ids: Array.from({ length: prompt }, (_, t) => (i * 31 + t * 7) % config.vocab_size),
    samples: 8,
    key: [0, i] as const,
  }));
  const options = { max_tokens: tokens, temperature: 1, greedy: false, seed: 1, eos_ids: [] };
  const recorder = new Recorder(gpu);
  const { x, w } = operands(512, 512, 512);
  const buffers = { x: gpu.upload("x", x), w: gpu.upload("w", w), out: gpu.allocate("out", 4 * 512 ** 2) };
  const product: number[] = [];
  const { seconds } = await generate(model, requests, options, async () => {
    const { wall_s } = await timed(
      () => matmulNN(recorder, buffers, { rows: 512, cols: 512, inner: 512 }),
      async () => {
        recorder.submit();
        await gpu.idle();
      },
    );
    product.push(wall_s);
  });
  const tokens_per_second = ROWS * tokens / seconds;
  const { products, attention } = forwardFlops(config, prompt + (tokens - 1) / 2);
  const gflops = tokens_per_second * (products + attention) / 1e9;
  const product_gflops = 2 * 512 ** 3 / median(product) / 1e9;
  return { tokens_per_second, gflops, product_gflops, share: gflops / product_gflops, size: model.size };
}

/** Greedy continuations of the first id, 64 here and one there, after the ids were found equal. */
async function besideLlama(directory: string) {
  if (!existsSync(directory)) {
    throw new Error(
      `Cannot compare with node-llama-cpp as ${directory} must hold stories260K: give --shared or --alone`,
    );
  }
  const tokens = 200;
  const model = loadModel(gpu, directory);
  const options = { max_tokens: tokens, temperature: 1, greedy: true, seed: 1, eos_ids: [] };
  const request = (samples: number) => [{ prompt_ids: [1], samples, key: [0, 0] as const }];
  const one = await generate(model, request(1), options);
  const many = await generate(model, request(ROWS), options);
  const llama = runLlama(directory, tokens);
  if (String(llama.ids) !== String(one.ids)) {
    const at = llama.ids.findIndex((id, i) => id !== one.ids[i]);
    throw new Error(
      `Cannot compare with node-llama-cpp as its greedy ids must be the same: ` +
        `current ids are ${llama.ids[at]} there and ${one.ids[at]} here at position ${at}`,
    );
  }
  return {
    one: tokens / one.seconds,
    many: ROWS * tokens / many.seconds,
    llama: tokens / llama.seconds,
  };
}

function runLlama(directory: string, tokens: number): { ids: number[]; seconds: number } {
  const scratch = mkdtempSync(join(tmpdir(), "ghpo-"));
  try {
    const path = join(scratch, "model.gguf");
    writeGguf(directory, path);
    const { exitCode, stdout, stderr } = Bun.spawnSync(
      ["node", join(import.meta.dir, "peers/decode_llama.mjs"), path, "1", String(tokens)],
      { env: { ...process.env, GHPO_PEERS: peers }, stderr: "pipe" },
    );
    if (exitCode !== 0) throw new Error(`Cannot run node-llama-cpp: ${stderr.toString()}`);
    return JSON.parse(stdout.toString().trim().split("\n").at(-1)!);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** The first generation compiles the kernels; the median of nine more, prefill and read-back included. */
async function generate(
  model: Model,
  requests: GenerationRequest[],
  options: GenerationOptions,
  between: () => Promise<void> = () => Promise.resolve(),
) {
  const generator = new Generator(model, { rows: ROWS });
  const { ids } = (await generator.generate(requests, options))[0]![0]!;
  const seconds: number[] = [];
  for (let i = 0; i < 9; i++) {
    const began = performance.now();
    await generator.generate(requests, options);
    seconds.push((performance.now() - began) / 1000);
    await between();
  }
  generator.destroy();
  return { ids, seconds: median(seconds) };
}

function print(): void {
  const { tokens_per_second, gflops, product_gflops, share, size } = million;
  console.log(`Load averages before: ${load.join(", ")}; ${gpu.facts.description}`);
  console.log(
    `${ROWS} sequences, ${size} parameters: ${tokens_per_second.toFixed(0)} tokens/s, ${
      gflops.toFixed(1)
    } GFLOP/s, ` +
      `${(100 * share).toFixed(0)} % of this run's 512^3 product (${product_gflops.toFixed(1)} GFLOP/s)`,
  );
  if (!stories) return;
  const { one, many, llama } = stories;
  console.log(
    `stories260K: ${ROWS} sequences ${many.toFixed(0)} tokens/s, one sequence ${
      one.toFixed(0)
    }; node-llama-cpp, one ` +
      `sequence and one thread, ${llama.toFixed(0)}: ${(many / llama).toFixed(2)}x and ${
        (one / llama).toFixed(2)
      }x`,
  );
}
