// This engine beside other WebGPU libraries on the same adapter, runtime and shapes.
//   npm install --prefix .cache/peers --no-save @jax-js/jax@0.1.25 @tensorflow/tfjs@4.22.0 \
//     @tensorflow/tfjs-backend-webgpu@4.22.0 node-llama-cpp@3.22.1
//   npm run -s bench -- peers [--alone] [--json]
// Peers are no dependencies of the project: one line installs those of all benches. peers.md has results.

import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { peersFolder } from "./peers/install.ts";
import { SHAPES, type Time } from "./peers/shapes.mjs";

const PROGRAMS = { ghpo: "gemm_ghpo.ts", "jax-js": "gemm_jax.mjs", tfjs: "gemm_tfjs.mjs" };
type Result = { adapter: string; figures: Record<string, Time & { first: number }> };

const { values } = parseArgs({
  options: {
    json: { type: "boolean" },
    alone: { type: "boolean" },
    peers: { type: "string", default: ".cache/peers" },
  },
});

const programs = Object.entries(PROGRAMS).slice(0, values.alone ? 1 : undefined);
const peers = values.alone ? "" : peersFolder(values.peers, ["@jax-js/jax", "@tensorflow/tfjs"]);
const load = loadavg();
const results: Record<string, Result> = {};
for (const [name, program] of programs) run(name, program, "0");
const withSleep: Record<string, Result> = { ghpo: results["ghpo"]! };
for (const [name, program] of programs.slice(1)) run(name, program, "1", withSleep);
if (values.json) console.log(JSON.stringify({ load, results, withSleep }));
else print();

function run(name: string, program: string, GHPO_NAPS: "0" | "1", into = results): void {
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    [process.execPath, join(import.meta.dir, "peers", program)],
    { env: { ...process.env, GHPO_PEERS: peers, GHPO_NAPS }, stderr: "pipe" },
  );
  if (exitCode !== 0) throw new Error(`Cannot run ${name}: ${stderr.toString().slice(-2000)}`);
  into[name] = JSON.parse(stdout.toString().trim().split("\n").at(-1)!);
}

function print(): void {
  const peers = Object.keys(results).slice(1);
  const line = (cells: string[]) => console.log(`| ${cells.join(" | ")} |`);
  console.log(`Load averages before: ${load.map((value) => value.toFixed(1)).join(", ")}\n`);
  line([
    "product",
    "ghpo ms",
    "GFLOP/s",
    ...peers.map((name) => `${name} ms`),
    "slower by",
    ...peers.map((name) => `${name} sleeping ms`),
    "slower by",
  ]);
  line(["---", "---:", "---:", ...peers.map(() => "---:"), "---", ...peers.map(() => "---:"), "---"]);
  for (const { name: shape, rows, cols, inner } of SHAPES) {
    const own = results["ghpo"]!.figures[shape]!;
    const times = (all: typeof results) => peers.map((peer) => all[peer]!.figures[shape]!);
    const ms = ({ wall_s }: Time) => (wall_s * 1000).toFixed(2);
    const ratios = (all: typeof results) =>
      times(all).map(({ wall_s }) => `${(wall_s / own.wall_s).toFixed(2)}x`).join(", ");
    const wrong = peers.filter((_, i) => Math.abs(times(results)[i]!.first - own.first) > 1e-3);
    const rate = 2e-9 * rows * cols * inner / own.wall_s;
    const [alone, sleeping] = [times(results).map(ms), times(withSleep).map(ms)];
    const note = wrong.length > 0 ? `; other result: ${wrong}` : "";
    line([
      shape,
      ms(own),
      rate.toFixed(1),
      ...alone,
      ratios(results),
      ...sleeping,
      ratios(withSleep) + note,
    ]);
  }
}
