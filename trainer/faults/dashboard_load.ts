// Does watching a run slow it down?   bun trainer/faults/dashboard_load.ts [--pairs 30] [--clients 200] [--out FILE]
//
// Trains the demo's recipe on the real engine, small, while the dashboard serves the run from a process of its own.
// A pair is some steps with and as many without slow clients (slow_clients.ts), in random order; all steps have the same
// problems and completions (no hints, almost no temperature or learning rate), so that they differ by the slow clients
// alone. FILE gets a line a pair and may have some from earlier calls; the median of the ratios of all, with a 95 %
// bootstrap interval, is printed.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { appendJsonl, readJsonl } from "#shared/io/jsonl.ts";
import { Random } from "#shared/problems/rng.ts";
import {
  arrange,
  type ServedRun,
  type SlowClients,
  startDashboard,
  startSlowClients,
} from "./slow_clients_control.ts";
import { engineRun, openSmall, removeTemporary, smallRecipe, temporary } from "./harness.ts";

const { values } = parseArgs({
  options: {
    pairs: { type: "string", default: "30" },
    clients: { type: "string", default: "200" },
    out: { type: "string" },
  },
});
const pairs = Number(values.pairs);
const clients = Number(values.clients);
const out = values.out ?? join(temporary(), "pairs.jsonl");

/** Steps of half a pair: the dashboard looks at the files once a second, and these take longer. */
const STEPS = 8;
/** Halves of nobody's, while the machine warms up. */
const WARM_UP = 2;

interface Pair {
  watched_ms: number;
  alone_ms: number;
  dashboard_mb: number;
}

const run = join(temporary(), "run");
const recipe = smallRecipe(run, STEPS * (WARM_UP + 2 * pairs));
recipe.checkpoint.save_every = 0;
recipe.train.prompts_per_step = 64;
recipe.data.count = 64;
recipe.algorithm = "grpo";
recipe.optimizer.learning_rate = 1e-9;
recipe.generation.temperature = 0.01;

const policy = await openSmall(recipe);
let dashboard: ServedRun | null = null;
let slowClients: SlowClients | null = null;

/** Steps begun, the time of this half, and those of its pair with and without slow clients. */
let step = 0;
let began = 0;
let milliseconds = 0;
let watchedFirst = false;
let first = 0;

const generate = policy.generate.bind(policy);
policy.generate = async (requests, options) => { // once a step, as there are no hints
  const half = Math.floor(step / STEPS) - WARM_UP;
  if (step % STEPS === 0 && half >= 0) {
    dashboard ??= await startDashboard(run);
    slowClients ??= startSlowClients(dashboard.url, clients);
    if (half % 2 === 0) watchedFirst = Math.random() < 0.5;
    await arrange(slowClients, (half % 2 === 0) === watchedFirst); // opening and closing streams is no part of a step
    milliseconds = 0;
  }
  step++;
  began = performance.now();
  return await generate(requests, options);
};
const gpuBytes = policy.gpuBytes.bind(policy);
policy.gpuBytes = () => { // the loop calls it at the end of each step
  milliseconds += performance.now() - began;
  const half = Math.floor((step - 1) / STEPS) - WARM_UP;
  if (step % STEPS === 0 && half >= 0) {
    if (half % 2 === 0) first = milliseconds;
    else {
      const [watched_ms, alone_ms] = watchedFirst ? [first, milliseconds] : [milliseconds, first];
      const pair: Pair = { watched_ms, alone_ms, dashboard_mb: dashboard!.megabytes() };
      appendJsonl(out, pair);
      console.error(`pair ${(half + 1) / 2} of ${pairs}: ${JSON.stringify(pair)}`);
    }
  }
  return gpuBytes();
};
await engineRun(recipe, policy, false);
policy.close();

const all = existsSync(out) ? [...readJsonl(out)].map(({ value }) => value as Pair) : [];
const ratios = all.map(({ watched_ms, alone_ms }) => watched_ms / alone_ms);
const median = (list: readonly number[]) => {
  const sorted = list.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
};
const random = new Random(1, 2, 3, 4);
const resampled = Array.from(
  { length: 2000 },
  () => median(ratios.map(() => ratios[Math.floor(random.real() * ratios.length)]!)),
).sort((a, b) => a - b);
console.log(JSON.stringify({
  pairs: all.length,
  clients,
  median_step_ms: median(all.map(({ alone_ms }) => alone_ms)) / STEPS,
  median_ratio: median(ratios),
  interval_95: [resampled[50], resampled[1949]],
  dashboard_mb: Math.max(...all.map(({ dashboard_mb }) => dashboard_mb)),
}));
removeTemporary();
process.exit(0);
