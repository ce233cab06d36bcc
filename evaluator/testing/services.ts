// The service on each runtime it supports, as a real server on a free port: Deno, Bun, and workerd through
// miniflare. A runtime that is not installed gives the reason why its tests are skipped. And the service in-process.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createHandler } from "../app.ts";
import type { Settings } from "../app/routes.ts";
import { MemoryStore } from "../app/store.ts";

const root = fileURLToPath(import.meta.resolve("../../"));
const app = `${root}evaluator/app.ts`;
const bunPath = `${root}.cache/tools/node_modules/bun/bin/bun.exe`;
/** Bun's program; `missing` is false, or why tests of it are skipped. */
export const bun = {
  path: bunPath,
  missing: existsSync(bunPath) ? false as const : "Bun is not installed in .cache/tools",
};
const miniflare = `${root}.cache/edge/node_modules/miniflare/dist/src/index.js`;

/** A running service. `stop` kills it; `restart` keeps what its store keeps. */
export interface Service {
  url: string;
  stop(): Promise<void>;
}

/** A runtime under test. */
export interface Runtime {
  name: string;
  skip: false | string;
  start(env: Record<string, string>, state: string): Promise<Service>;
}

export const runtimes: readonly Runtime[] = [
  {
    name: "Deno",
    skip: false,
    start: (env) =>
      spawn(Deno.execPath(), [
        "serve",
        "--no-check",
        "--host=127.0.0.1",
        `--port=${env["PORT"]}`,
        "--allow-net",
        "--allow-env=NODE_ENV,ENV,ELYSIA_AOT,GHPO_TOKEN,GHPO_ACCESS,GHPO_ENDPOINTS,GHPO_MAX_BODY_BYTES,GHPO_REQUESTS_PER_MINUTE",
        app,
      ], env),
  },
  {
    name: "Bun",
    skip: bun.missing,
    start: (env) => spawn(bun.path, ["run", app], { ...env, BUN_PORT: env["PORT"] as string }),
  },
  workerd("workerd", []),
  workerd("workerd with nodejs_compat", ["nodejs_compat"]),
];

/** The service on workerd through miniflare, with these compatibility flags. */
function workerd(name: string, flags: string[]): Runtime {
  return {
    name,
    skip: existsSync(miniflare) && !bun.missing
      ? false
      : "miniflare is not installed: GHPO_EDGE=1 npm test installs it",
    start: async (env, state) => {
      const script = await bundle(`${state}/app.js`);
      const bindings = JSON.stringify(env);
      // The worker's isolate dies with this process; the Durable Object's storage stays in `state`.
      const program = `import { Miniflare } from ${JSON.stringify(miniflare)};
        const worker = new Miniflare({ host: "127.0.0.1", port: ${env["PORT"]}, bindings: ${bindings},
          modulesRoot: ${JSON.stringify(state)}, modules: [{ type: "ESModule", path: ${
        JSON.stringify(script)
      } }],
          compatibilityDate: "2026-01-01", compatibilityFlags: ${JSON.stringify(flags)},
          durableObjects: { EVALUATIONS: "EvaluationStore" }, durableObjectsPersist: ${
        JSON.stringify(state)
      } });
        await worker.ready;`;
      return await spawn("node", ["--input-type=module", "-e", program], {});
    },
  };
}

/** Bundles the app for an edge worker into one file and returns its path. */
export async function bundle(path: string): Promise<string> {
  const args = ["build", app, "--target=browser", "--format=esm", "--minify", `--outfile=${path}`];
  const { code, stderr } = await new Deno.Command(bun.path, { args, cwd: root }).output();
  if (code !== 0) throw new Error(`Cannot bundle the app: ${new TextDecoder().decode(stderr)}`);
  return path;
}

/** The service in this process, without a server: open to everybody, with an empty store. */
export function openHandler(settings: Partial<Settings> = {}): (request: Request) => Promise<Response> {
  return createHandler({
    store: new MemoryStore(),
    access: "open",
    endpoints: [],
    maxBodyBytes: 100_000,
    requestsPerMinute: 1000,
    ...settings,
  });
}

/** A port that nothing listens on. */
export function freePort(): number {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  listener.close();
  return port;
}

async function spawn(program: string, args: string[], env: Record<string, string>): Promise<Service> {
  const port = /--port=(\d+)|port: (\d+)/.exec(args.join(" "));
  const url = `http://127.0.0.1:${port?.[1] ?? port?.[2] ?? env["PORT"]}`;
  const child = new Deno.Command(program, { args, env, cwd: root, stdout: "null", stderr: "null" }).spawn();
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.status;
  };
  for (let tries = 0; tries < 1200; tries++) {
    try {
      await (await fetch(`${url}/healthz`)).text();
      return { url, stop };
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  await stop();
  throw new Error(`Cannot start ${program}: nothing answers at ${url}`);
}
