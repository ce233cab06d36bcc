// This engine beside other WebGPU libraries on the same adapter, runtime and shapes.
//   npm install --prefix .cache/peers --no-save @jax-js/jax@0.1.25 @tensorflow/tfjs-core@4.22.0 \
//     @tensorflow/tfjs-backend-cpu@4.22.0 @tensorflow/tfjs-backend-webgpu@4.22.0
//   npm run -s bench -- peers [--json]
// Peers are no dependencies of the project; without them only its own rows are printed. peers.md has results.

import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SHAPES, type Time } from "./peers/shapes.mjs";

const PROGRAMS = { ghpo: "gemm_ghpo.ts", "jax-js": "gemm_jax.mjs", tfjs: "gemm_tfjs.mjs" };
type Result = { adapter: string; figures: Record<string, Time & { first: number }> };

const { values } = parseArgs({
  options: { json: { type: "boolean" }, peers: { type: "string", default: ".cache/peers" } },
});

const load = loadavg();
const results: Record<string, Result> = {};
for (const [name, program] of Object.entries(PROGRAMS)) {
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    [process.execPath, join(import.meta.dir, "peers", program)],
    { env: { ...process.env, GHPO_PEERS: values.peers }, stderr: "pipe" },
  );
  if (exitCode === 0) results[name] = JSON.parse(stdout.toString().trim().split("\n").at(-1)!);
  else {console.error(`left out: ${name} (${
      stderr.toString().trim().split("\n").find((l) => /rror/.test(l))
    })`);}
}
if (values.json) console.log(JSON.stringify({ load, results }));
else print();

function print(): void {
  const names = Object.keys(results);
  const line = (cells: string[]) => console.log(`| ${cells.join(" | ")} |`);
  console.log(`Load averages before: ${load.map((value) => value.toFixed(1)).join(", ")}\n`);
  line(["product", ...names.flatMap((name) => [`${name} wall ms`, `cpu ms`]), "slower by, cpu"]);
  line(["---", ...names.flatMap(() => ["---:", "---:"]), "---"]);
  for (const { name: shape } of SHAPES) {
    const times = names.map((name) => results[name]!.figures[shape]!);
    const first = results["ghpo"]!.figures[shape]!;
    const wrong = names.filter((name) => Math.abs(results[name]!.figures[shape]!.first - first.first) > 1e-3);
    const ratios = names.slice(1).map((name, i) =>
      `${name} ${(times[i + 1]!.cpu_s / first.cpu_s).toFixed(2)}x`
    );
    const cells = times.flatMap(({ wall_s, cpu_s }) => [wall_s, cpu_s].map((s) => (s * 1000).toFixed(1)));
    line([shape, ...cells, ratios.join(", ") + (wrong.length > 0 ? `; other result: ${wrong}` : "")]);
  }
}
