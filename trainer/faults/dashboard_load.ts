// Does watching a run slow it down?   bun trainer/faults/dashboard_load.ts [--pairs 30] [--clients 200]
//
// Trains the demo's recipe on the real engine, small, while the dashboard serves the run from a process of its own.
// Every pair of steps has one step with and one without an audience, in random order: idle streams that are opened and
// hardly read, slow readers, requests that are too large and requests that are nonsense. Prints the median of the
// ratios with a 95 % bootstrap interval, and the dashboard's memory before and after.

import { parseArgs } from "node:util";
import { readFileSync } from "node:fs";
import { join } from "node:path";
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
recipe.train.prompts_per_step = 16;

const main = new URL("../main.ts", import.meta.url).pathname;
const policy = await openSmall(recipe);
let dashboard: { url: string; pid: number; child: Bun.Subprocess } | null = null;
let audience: AbortController | null = null;
let served = 0;

async function startDashboard() {
  const child = Bun.spawn([process.execPath, main, "dashboard", run, "--port", "0", "--json"], {
    stdout: "pipe",
  });
  const { value } = await child.stdout.getReader().read();
  const { url, pid } = JSON.parse(new TextDecoder().decode(value));
  return { url, pid, child };
}

/** Opens the streams and keeps asking until it is aborted. */
async function attend(url: string, signal: AbortSignal): Promise<void> {
  const open = Array.from({ length: clients }, async (_, i) => {
    const response = await fetch(`${url}api/events`, { signal });
    const reader = response.body!.getReader();
    for (;; served++) {
      await reader.read(); // one in ten reads at once, the others hardly ever
      await Bun.sleep(i % 10 === 0 ? 10 : 60_000);
    }
  });
  const bad = (async () => {
    const headers = { "content-type": "application/json", "x-ghpo": "1" };
    for (; !signal.aborted; await Bun.sleep(50)) {
      await fetch(`${url}api/runs/0/steering`, {
        method: "POST",
        headers,
        body: "x".repeat(1 << 20),
        signal,
      });
      await fetch(`${url}api/runs/0/metrics?points=1e9`, { signal });
      await fetch(`${url}api/runs/0/steering`, { method: "POST", headers, body: '{"action":', signal });
    }
  })();
  await Promise.allSettled([...open, bad]);
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
    audience?.abort();
    audience = null;
    if (isWatched(step)) {
      audience = new AbortController();
      void attend(dashboard.url, audience.signal);
    }
    await Bun.sleep(300); // opening and closing the streams is no part of a step
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
  return gpuBytes();
};

try {
  await engineRun(recipe, policy, false);
} finally {
  (audience as AbortController | null)?.abort();
  (dashboard as { child: Bun.Subprocess } | null)?.child.kill();
  policy.close();
}
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
  events_read: served,
  dashboard_mb: { first: memory[0], last: memory.at(-1), most: Math.max(...memory) },
}));
removeTemporary();
process.exit(0);
