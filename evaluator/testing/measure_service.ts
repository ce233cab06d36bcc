// Measures the web service under Deno on loopback: throughput in batches of 100 pairs, latency of single pairs
// at 200 requests a second, errors in 100,000 requests, size of the edge bundle, cold start on workerd.
// Prints the machine's load with the figures, and the latency of a server that does nothing under the same
// load: where that floor is high, the machine was busy, and the figures say little of the service. On such a
// machine `chrt -r 10` before the command gives it real-time priority.
// deno run --allow-read --allow-write --allow-env --allow-net=127.0.0.1 --allow-sys --allow-run evaluator/testing/measure_service.ts

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { syntheticProblems, targetText } from "#shared/problems/synthetic.ts";
import { bundle, freePort, runtimes } from "./services.ts";

const levels = [1, 2, 3, 4, 5];
const problems = syntheticProblems({
  families: ["chain", "linear"],
  levels,
  count: 500,
  seed: 1,
  split: "held_out",
});
const pairs = problems.map((problem) => ({ gold: problem.answer, completion: targetText(problem) ?? "" }));
const workerd = fileURLToPath(
  import.meta.resolve("../../.cache/edge/node_modules/@cloudflare/workerd-linux-64/bin/workerd"),
);

const loads = Deno.loadavg();
const folder = Deno.makeTempDirSync();
const port = String(freePort());
const service = await runtimes[0]!.start({
  PORT: port,
  GHPO_ACCESS: "open",
  GHPO_REQUESTS_PER_MINUTE: "1000000000",
}, folder);
let errors = 0;

async function post(body: string, url = service.url): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/v1/verify`, { method: "POST", headers, body });
  if (response.status !== 200) errors++;
  await response.arrayBuffer();
}

/** Sends `total` requests, eight at a time, and returns requests per second. */
async function flood(bodies: readonly string[], total: number): Promise<number> {
  let sent = 0;
  const start = performance.now();
  await Promise.all(Array.from({ length: 8 }, async () => {
    while (sent < total) await post(bodies[sent++ % bodies.length]!);
  }));
  return total / (performance.now() - start) * 1000;
}

const batches = Array.from(
  { length: 50 },
  (_, i) =>
    JSON.stringify({ pairs: Array.from({ length: 100 }, (_, j) => pairs[(i * 7 + j) % pairs.length]) }),
);
const singles = pairs.map((pair) => JSON.stringify({ pairs: [pair] }));
await flood(batches, 50); // compiled by then
const pairsPerSecond = 100 * await flood(batches, 500);

/** Percentiles of the latency of 2,000 single pairs at 200 a second, ms. */
async function latency(url: string): Promise<{ p50: number; p99: number }> {
  const latencies: number[] = [];
  const start = performance.now();
  await Promise.all(Array.from({ length: 2000 }, async (_, i) => {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, start + i * 5 - performance.now())));
    const sent = performance.now();
    await post(singles[i % singles.length]!, url);
    latencies.push(performance.now() - sent);
  }));
  latencies.sort((a, b) => a - b);
  return { p50: latencies[1000]!, p99: latencies[1980]! };
}

/** The same for a server of one line. */
async function floor(): Promise<{ p50: number; p99: number }> {
  Deno.writeTextFileSync(`${folder}/empty.ts`, 'export default { fetch: () => new Response("ok") };');
  const port = freePort();
  const args = ["serve", "--no-check", "--host=127.0.0.1", `--port=${port}`, `${folder}/empty.ts`];
  const child = new Deno.Command(Deno.execPath(), { args, stdout: "null", stderr: "null" }).spawn();
  const url = `http://127.0.0.1:${port}`;
  while (!await fetch(url).then((response) => response.text(), () => null)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await latency(url); // compiled by then
  const found = await latency(url);
  child.kill("SIGKILL");
  await child.status;
  return found;
}

await latency(service.url);
const single = await latency(service.url);
const empty = await floor();
const requestsPerSecond = await flood(singles, 100_000);
await service.stop();

const script = await bundle(`${folder}/app.js`);
const zipped = new Blob([Deno.readFileSync(script)]).stream().pipeThrough(new CompressionStream("gzip"));

/** Milliseconds from the start of workerd to its first answer. */
async function coldStart(worker: string): Promise<number> {
  const address = `127.0.0.1:${freePort()}`;
  Deno.writeTextFileSync(
    `${folder}/${worker}.capnp`,
    `using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (services = [(name = "main", worker = (compatibilityDate = "2026-01-01",
      modules = [(name = "w", esModule = embed "${worker}.js")]))],
      sockets = [(name = "http", address = "${address}", http = (), service = "main")]);`,
  );
  const begun = performance.now();
  const args = ["serve", `${folder}/${worker}.capnp`];
  const child = new Deno.Command(workerd, { args, stdout: "null", stderr: "null" }).spawn();
  for (;;) {
    try {
      await (await fetch(`http://${address}/healthz`)).arrayBuffer();
      break;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  const elapsed = performance.now() - begun;
  child.kill("SIGKILL");
  await child.status;
  return elapsed;
}

let coldStartMs: number | null = null;
if (existsSync(workerd)) {
  Deno.writeTextFileSync(`${folder}/empty.js`, 'export default { fetch: () => new Response("ok") };');
  const times: Record<string, number[]> = { app: [], empty: [] };
  for (let i = 0; i < 20; i++) {
    for (const worker of ["app", "empty"]) times[worker]!.push(await coldStart(worker));
  }
  const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;
  coldStartMs = median(times["app"]!) - median(times["empty"]!);
}
console.log(JSON.stringify({
  load_average: loads,
  cores: navigator.hardwareConcurrency,
  pairs_per_second: Math.round(pairsPerSecond),
  single_ms: single,
  empty_server_ms: empty,
  requests_per_second: Math.round(requestsPerSecond),
  errors,
  bundle_gzip_bytes: (await new Response(zipped).arrayBuffer()).byteLength,
  cold_start_ms: coldStartMs,
}));
Deno.removeSync(folder, { recursive: true });
