// Measures the web service under mixed load, hostile and honest, for some minutes: statuses, latency of the honest
// requests and of an empty server under the same load, memory over time.
// deno run -A evaluator/testing/measure_load.ts [SECONDS]

import { fileURLToPath } from "node:url";
import { freePort } from "./services.ts";

const seconds = Number(Deno.args[0] ?? 600);
const root = fileURLToPath(import.meta.resolve("../../"));

/** Starts a module under `deno serve` and waits until it answers. */
async function start(module: string, env: Record<string, string>) {
  const port = freePort();
  const args = [
    "serve",
    "--no-check",
    "--host=127.0.0.1",
    `--port=${port}`,
    "--allow-net",
    "--allow-env",
    module,
  ];
  const child = new Deno.Command(Deno.execPath(), { args, cwd: root, env, stdout: "null", stderr: "null" })
    .spawn();
  const url = `http://127.0.0.1:${port}`;
  while (!await fetch(`${url}/healthz`).then((response) => response.text(), () => null)) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { url, child };
}

const service = await start("evaluator/app.ts", {
  GHPO_TOKEN: "secret",
  GHPO_REQUESTS_PER_MINUTE: "1000000",
});
const emptyModule = Deno.makeTempFileSync({ suffix: ".ts" });
Deno.writeTextFileSync(emptyModule, 'export default { fetch: () => new Response("ok") };');
const empty = await start(emptyModule, {});

const headers = { authorization: "Bearer secret", "content-type": "application/json" };
const post = (path: string, body: unknown, more = headers) =>
  fetch(service.url + path, {
    method: "POST",
    headers: more,
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
const hard = "\\sum_{k=1}^{4000} k^k"; // takes all the fuel that a comparison has
const hostile = [
  () => post("/v1/verify", "{}", { ...headers, authorization: `Bearer ${"x".repeat(8000)}${Math.random()}` }),
  () => post("/v1/verify", "{".repeat(100_000)),
  () =>
    post("/v1/verify", {
      pairs: Array.from({ length: 50 }, () => ({ gold: hard, completion: `\\boxed{${hard}+1}` })),
    }),
  () => post("/v1/verify", "x".repeat(5_000_000)),
  () => fetch(`${service.url}/${"a/".repeat(2000)}`),
  () => fetch(`${service.url}/v1/evaluations/${Math.random()}`, { headers }),
  () => post("/v1/evaluations", { endpoint: "http://169.254.169.254/", model: "m", benchmarks: ["chain"] }),
  () =>
    post("/v1/score", {
      benchmark: "mine",
      problems: Array.from({ length: 100 }, (_, i) => ({ id: `p${i}`, answer: String(i) })),
      completions: Array.from(
        { length: 2000 },
        (_, i) => ({ problem_id: `p${i % 100}`, completion: `#### ${i}` }),
      ),
    }),
];

const end = performance.now() + seconds * 1000;
const statuses: Record<string, number> = {};
const latencies: number[] = [];
const floor: number[] = [];
const mebibytes: number[] = [];
async function take(asked: Promise<Response>): Promise<void> {
  const status = await asked.then(
    async (response) => (await response.text(), response.status),
    () => "closed",
  );
  statuses[status] = (statuses[status] ?? 0) + 1;
}
async function honest(): Promise<void> {
  while (performance.now() < end) {
    const begun = performance.now();
    await take(post("/v1/verify", { pairs: [{ gold: "1/2", completion: "so \\boxed{0.5}" }] }));
    latencies.push(performance.now() - begun);
    const again = performance.now();
    await (await fetch(empty.url)).text();
    floor.push(performance.now() - again);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
async function attack(): Promise<void> {
  while (performance.now() < end) await take(hostile[Math.floor(Math.random() * hostile.length)]!());
}
const looking = setInterval(() => {
  const status = Deno.readTextFileSync(`/proc/${service.child.pid}/status`);
  mebibytes.push(Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024));
}, seconds * 50);
await Promise.all([honest(), honest(), attack(), attack()]);
clearInterval(looking);
for (const { child } of [service, empty]) child.kill("SIGKILL");
Deno.removeSync(emptyModule);

function percentiles(values: number[]): Record<string, number> {
  values.sort((a, b) => a - b);
  return { p50: values[values.length >> 1]!, p99: values[Math.floor(values.length * 0.99)]! };
}
console.log(JSON.stringify({
  ...{ load_average: Deno.loadavg(), seconds, statuses },
  ...{ honest_ms: percentiles(latencies), empty_server_ms: percentiles(floor), mebibytes },
}));
