// One training step (forward, backward, AdamW) of the same transformer with this engine, jax-js and tfjs.
//   npm install --prefix .cache/peers --no-save @jax-js/jax@0.1.25 @tensorflow/tfjs@4.22.0 \
//     @tensorflow/tfjs-backend-webgpu@4.22.0 node-llama-cpp@3.22.1
//   npm run -s bench -- training-step [--models 0.15M,1M] [--peers DIR] [--alone] [--json]
// Peers are no dependencies of the project: one line installs those of all benches. The loss and gradient norm of the
// first step and the loss after its update must agree to 1e-3, or nothing is printed. speed.md says how it is timed and has results.

import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { peersFolder } from "./peers/install.ts";
import { MODELS, SEQUENCES, TOKENS, trainingFlops } from "./peers/step.ts";
import type { StepTimes } from "./peers/step_timing.ts";

const PROGRAMS = { ghpo: "step_ghpo.ts", "jax-js": "step_jax.mjs", tfjs: "step_tfjs.mjs" };
type Result = StepTimes & { adapter: string; size?: number; product_gflops?: number };

const { values } = parseArgs({
  options: {
    alone: { type: "boolean" },
    json: { type: "boolean" },
    models: { type: "string", default: Object.keys(MODELS).join() },
    peers: { type: "string", default: ".cache/peers" },
  },
});
const peers = values.alone ? "" : peersFolder(values.peers, ["@jax-js/jax", "@tensorflow/tfjs"]);
const load = loadavg().map((value) => value.toFixed(1));
const results = values.models.split(",").map((model) => ({ model, rows: run(model) }));
for (const { rows } of results) check(rows);
if (values.json) console.log(JSON.stringify({ load, results }));
else print();

function run(model: string): Record<string, Result> {
  if (!(model in MODELS)) {
    throw new TypeError(`Cannot time the model ${model} as there is none: use ${Object.keys(MODELS)}`);
  }
  const rows: Record<string, Result> = {};
  for (const [name, program] of Object.entries(PROGRAMS).slice(0, values.alone ? 1 : undefined)) {
    const { exitCode, stdout, stderr } = Bun.spawnSync(
      [process.execPath, join(import.meta.dir, "peers", program), model],
      { env: { ...process.env, GHPO_PEERS: peers }, stderr: "pipe" },
    );
    if (exitCode !== 0) throw new Error(`Cannot run ${name}: ${stderr.toString().slice(-2000)}`);
    rows[name] = JSON.parse(stdout.toString().trim().split("\n").at(-1)!);
  }
  return rows;
}

/** Three programs that compute different things must not be compared. */
function check(rows: Record<string, Result>): void {
  const own = rows["ghpo"]!;
  for (const [name, row] of Object.entries(rows)) {
    for (const key of ["loss", "grad_norm", "second_loss"] as const) {
      if (!(Math.abs(row[key] / own[key] - 1) <= 1e-3)) {
        throw new RangeError(
          `Cannot compare ${name} as its ${key} must be within 1e-3 of ${own[key]}: current value is ${
            row[key]
          }`,
        );
      }
    }
  }
}

function print(): void {
  const line = (cells: (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);
  console.log(`Load averages before: ${load.join(", ")}; ${results[0]!.rows["ghpo"]!.adapter}\n`);
  line([
    "model",
    "library",
    "ms",
    "cpu ms",
    "tokens/s",
    "GFLOP/s",
    "slower by",
    "first step s",
    "loss",
    "norm",
  ]);
  line(["---", "---", ...Array(8).fill("---:")]);
  for (const { model, rows } of results) {
    const own = rows["ghpo"]!;
    const { products, attention } = trainingFlops(MODELS[model]!, TOKENS);
    const tokens = SEQUENCES * TOKENS;
    for (const [name, row] of Object.entries(rows)) {
      line([
        model,
        name,
        (row.wall_s * 1000).toFixed(0),
        (row.cpu_s * 1000).toFixed(0),
        (tokens / row.wall_s).toFixed(0),
        ((products + attention) * tokens / row.wall_s / 1e9).toFixed(1),
        `${(row.wall_s / own.wall_s).toFixed(2)}x`,
        row.first_s.toFixed(1),
        row.loss.toFixed(5),
        row.grad_norm.toFixed(5),
      ]);
    }
  }
  console.log();
  for (const { model, rows } of results) {
    const { wall_s, size, product_gflops } = rows["ghpo"]!;
    const { products, attention } = trainingFlops(MODELS[model]!, TOKENS);
    const rate = (products + attention) * SEQUENCES * TOKENS / wall_s / 1e9;
    console.log(
      `${model} (${size} parameters): ${
        (100 * rate / product_gflops!).toFixed(0)
      } % of this run's 512^3 product ` +
        `(${product_gflops!.toFixed(1)} GFLOP/s); attention is ` +
        `${(100 * attention / (attention + products)).toFixed(1)} % of the operations`,
    );
  }
}
