// A NATS server for a test, with the users of shared/fleet/nats.conf, and a worker that needs no GPU.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Job, Manifest } from "#shared/fleet/protocol.ts";
import { connectFleet } from "#shared/fleet/server.ts";
import type { EndOf } from "#shared/text/stop_strings.ts";
import type { WeightStore } from "#shared/fleet/weights.ts";
import { type Sampling, work } from "#shared/fleet/worker.ts";
import { ensureNats } from "../../scripts/nats.mjs";
import type { SampledPolicy } from "./remote_sampler.ts";
import { cutAt, UnigramPolicy } from "../loop/testing.ts";

const CONFIG = new URL("../../shared/fleet/nats.conf", import.meta.url);

export const NATS = await ensureNats();
export const LEARNER = { GHPO_NATS_USER: "learner", GHPO_NATS_PASSWORD: "for-tests" };
export const WORKER = { GHPO_NATS_USER: "worker", GHPO_NATS_PASSWORD: "for-tests-too" };

/** A model with the tokenizer of the loop's tests. */
export const TOKENIZER = fileURLToPath(new URL("../recipes/tiny-base", import.meta.url));

export class TestServer {
  readonly #folder = mkdtempSync(join(tmpdir(), "ghpo-nats-"));
  #process: Bun.Subprocess | undefined;

  private constructor(readonly port: number, readonly more: string) {}

  /** @param more lines of the configuration */
  static async start(more = ""): Promise<TestServer> {
    const server = new TestServer(await freePort(), more);
    await server.start();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** For WebSockets. @param tls lines of its block; none: in the clear */
  static async startWeb(tls = ""): Promise<{ server: TestServer; port: number }> {
    const port = await freePort();
    const server = await TestServer.start(
      `${tls}\nwebsocket { host: 127.0.0.1, port: ${port}, ${tls === "" ? "no_tls: true" : tls} }`,
    );
    return { server, port };
  }

  async start(): Promise<void> {
    if ("missing" in NATS) throw new Error(NATS.missing);
    const text = readFileSync(CONFIG, "utf8").replace("port: 4222", `port: ${this.port}\n${this.more}`)
      .replace(".cache/nats-store", join(this.#folder, "store"));
    writeFileSync(join(this.#folder, "nats.conf"), text);
    this.#process = Bun.spawn([NATS.program, "-c", join(this.#folder, "nats.conf")], {
      env: {
        ...process.env,
        GHPO_LEARNER_PASSWORD: LEARNER.GHPO_NATS_PASSWORD,
        GHPO_WORKER_PASSWORD: WORKER.GHPO_NATS_PASSWORD,
      },
      stdout: "ignore",
      stderr: "ignore",
    });
    while (!await listens(this.port)) {
      if (this.#process.exitCode !== null) {
        throw new Error(`nats-server ended with ${this.#process.exitCode}`);
      }
      await Bun.sleep(50);
    }
  }

  /** Workers of this server that stop when disposed of. */
  work(...workers: FleetWorker[]): AsyncDisposable {
    const stop = new AbortController();
    const ended = workers.map(async (worker) => {
      const connection = await connectFleet(this.url, WORKER);
      await work(connection, worker, stop.signal, () => {});
      await connection.close();
    });
    return {
      [Symbol.asyncDispose]: async () => {
        stop.abort();
        await Promise.all(ended);
      },
    };
  }

  /** Of the server's process so far (Linux). */
  processorSeconds(): number {
    const fields = readFileSync(`/proc/${this.#process!.pid}/stat`, "latin1").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  async kill(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#process?.exited;
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? address!.port : 0));
    });
  });
}

const FILE = "model.safetensors";

/** A policy without GPU whose weights are a list of logits in a file. */
export class FleetPolicy extends UnigramPolicy implements SampledPolicy {
  /** Log-probs are f32, as an engine's. */
  override async generate(...call: Parameters<UnigramPolicy["generate"]>) {
    const answers = await super.generate(...call);
    return answers.map((all) => all.map((one) => ({ ...one, logprobs: Float32Array.from(one.logprobs) })));
  }

  saveSampling(directory: string): Promise<{ base: null }> {
    writeFileSync(join(directory, FILE), JSON.stringify([...this.logits]));
    return Promise.resolve({ base: null });
  }
}

/** The worker's side of it. `spoil` changes what it answers. */
export class FleetWorker implements Sampling {
  readonly name = "a test";
  readonly rows = 12;
  readonly #policy = new UnigramPolicy();
  jobs = 0;

  constructor(readonly before: (job: Job) => Promise<void> | void = () => {}) {}

  async load(manifest: Manifest, store: WeightStore): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "ghpo-fleet-"));
    await store.fetch(manifest, folder);
    this.#policy.logits = Float64Array.from(JSON.parse(readFileSync(join(folder, FILE), "utf8")));
    rmSync(folder, { recursive: true });
  }

  async generate(jobs: readonly Job[], ends?: EndOf) {
    const answers = [];
    for (const job of jobs) answers.push(await this.answer(job, ends));
    return answers;
  }

  async answer(job: Job, ends?: EndOf) {
    await this.before(job);
    this.jobs++;
    const { prompt_ids, samples, key, max_tokens, temperature, greedy, seed, eos_ids } = job;
    const options = { max_tokens, temperature, greedy, seed, eos_ids };
    const [answers] = await this.#policy.generate([{ prompt_ids, samples, key }], options);
    return answers!.map((sample) => cutAt(sample, ends)).map(({ ids, logprobs, finish_reason }) => ({
      ids: Uint32Array.from(ids),
      logprobs: Float32Array.from(logprobs),
      finish_reason,
    }));
  }
}
