// Does watching a run slow it down?   bun trainer/faults/dashboard_load.ts [--pairs 30] [--clients 200]
//
// Trains the demo's recipe on the real engine, small, while the dashboard serves the run from a process of its own.
// Every pair of steps has one step with and one without an audience (audience.ts), in random order; all steps have the
// same problems, no hints and hardly a learning rate, so that they differ by the audience alone. Prints the median of
// the ratios with a 95 % bootstrap interval, and the dashboard's memory over the steps.

import { parseArgs } from "node:util";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Random } from "#shared/problems/rng.ts";
import { engineRun, openSmall, removeTemporary, smallRecipe, temporary } from "./harness.ts";
import { RunDirectory } from "../run_directory.ts";

const { values } = parseArgs({
  options: { pairs: { type: "string", default: "30" }, clients: { type: "string", default: "200" } },
});
const pairs = Number(values.pairs);
const clients = Number(values.clients);

/** Two steps to warm up, then pairs of which `watched` tells the first with an audience. */
const WARM_UP = 2;
const random = new Random(1, 2, 3, 4);
const first = Array.from({ length: pairs }, () => random.real() < 0.5);
const isWatched = (step: number) => {
  const index = step - WARM_UP - 1;
  return index >= 0 && (index % 2 === 0) === first[Math.floor(index / 2)];
};

const run = join(temporary(), "run");
const recipe = smallRecipe(run, WARM_UP + 2 * pairs);
recipe.checkpoint.save_every = 0;
recipe.train.prompts_per_step = 64;
recipe.data.count = 64;
recipe.algorithm = "grpo";
recipe.optimizer.learning_rate = 1e-9;

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const policy = await openSmall(recipe);
const processes: Bun.Subprocess[] = [];
let dashboard: { url: string; pid: number } | null = null;
let audience: ReturnType<typeof startAudience> | null = null;

async function startDashboard() {
  const child = Bun.spawn([process.execPath, main, "dashboard", run, "--port", "0", "--json"], {
    stdout: "pipe",
  });
  const { value } = await child.stdout.getReader().read();
  const { url, pid } = JSON.parse(new TextDecoder().decode(value));
  processes.push(child);
  return { url, pid };
}

/** The audience with its number of open streams. */
function startAudience(url: string) {
  const script = fileURLToPath(new URL("./audience.ts", import.meta.url));
  const audience = { streams: 0, child: null as unknown as Bun.Subprocess };
  audience.child = Bun.spawn([process.execPath, script, url, String(clients)], {
    ipc: (streams: number) => void (audience.streams = streams),
  });
  return audience;
}

/** Switches the audience and waits until all of its streams are open or closed. */
async function arrange(audience: ReturnType<typeof startAudience>, on: boolean): Promise<void> {
  audience.child.send(on ? "on" : "off");
  while (audience.streams !== (on ? clients : 0)) await Bun.sleep(10);
  await Bun.sleep(100);
}

function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1000;
}

const memory: number[] = [];
let step = 0;
const setTemperature = policy.setTemperature.bind(policy);
policy.setTemperature = (temperature) => { // the loop calls it at the beginning of each step
  setTemperature(temperature);
  step++;
};
const generate = policy.generate.bind(policy);
let arranged = 0;
policy.generate = async (requests, options) => {
  if (arranged !== step) {
    arranged = step;
    dashboard ??= await startDashboard();
    audience ??= startAudience(dashboard.url);
    await arrange(audience, isWatched(step)); // opening and closing the streams is no part of a step
    memory.push(memoryOf(dashboard.pid));
    began = performance.now();
  }
  return await generate(requests, options);
};
let began = 0;
const times: number[] = [];
const gpuBytes = policy.gpuBytes.bind(policy);
policy.gpuBytes = () => { // and this at the end
  times[step] = performance.now() - began;
  if (step % 10 === 0) console.error(`step ${step} of ${recipe.train.max_steps}`);
  return gpuBytes();
};

const endChildren = () => {
  for (const child of [...processes, audience?.child]) child?.kill();
};
process.on("exit", endChildren);
process.on("SIGTERM", () => process.exit(143));
await engineRun(recipe, policy, false);
endChildren();
policy.close();
const ratios = Array.from({ length: pairs }, (_, i) => {
  const [a, b] = [times[WARM_UP + 1 + 2 * i]!, times[WARM_UP + 2 + 2 * i]!];
  return first[i] ? a / b : b / a;
});
const median = (list: readonly number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;
const resampled = Array.from(
  { length: 2000 },
  () => median(ratios.map(() => ratios[Math.floor(random.real() * pairs)]!)),
)
  .sort((a, b) => a - b);
console.log(JSON.stringify({
  pairs,
  clients,
  steps: new RunDirectory(run).readMetrics().length,
  median_step_ms: median(times.slice(WARM_UP + 1)),
  median_ratio: median(ratios),
  interval_95: [resampled[50], resampled[1949]],
  dashboard_mb: { first: memory[0], last: memory.at(-1), most: Math.max(...memory) },
}));
removeTemporary();
process.exit(0);
