// `worker`: samples for a learner elsewhere. It needs a GPU and a NATS server, no model: the weights come from the server.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as v from "valibot";
import { type Gpu, openGpu } from "#shared/engine/gpu/device.ts";
import { prepareToGenerate } from "#shared/engine/generation/open_checkpoint.ts";
import { Generator } from "#shared/engine/generation/generate.ts";
import { mergeAdapters } from "#shared/engine/lora/peft.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import type { Model } from "#shared/engine/model/weights.ts";
import type { Job, Manifest, SampledCompletion } from "#shared/fleet/protocol.ts";
import { parseFlags } from "#shared/schemas/parse.ts";
import { name, numeral, positiveCount } from "#shared/schemas/values.ts";
import { connectFleet } from "#shared/fleet/server.ts";
import { messageOf } from "#shared/text/format.ts";
import type { EndOf } from "#shared/text/stop_strings.ts";
import {
  ClosedConnectionError,
  ConnectionError,
  type NatsConnection,
  TimeoutError,
} from "@nats-io/transport-node";
import type { WeightStore } from "#shared/fleet/weights.ts";
import { type Sampling, work } from "#shared/fleet/worker.ts";
import { gpuEntry } from "../sources/local_model.ts";

const FlagsSchema = v.strictObject({ nats: name, rows: v.pipe(numeral, positiveCount) });

/** Runs the command until it is told to stop. */
export async function worker(flags: unknown): Promise<void> {
  const { nats, rows } = parseFlags(FlagsSchema, flags);
  const connection = await connected(nats);
  const gpu = await openGpu(await gpuEntry());
  await prepareToGenerate(gpu);
  const sampling = new FleetModel(gpu, rows);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  console.error(`working on ${sampling.name}; Ctrl-C finishes the current job and exits`);
  await work(connection, sampling, stop.signal, (line) => console.error(line));
  await connection.close();
  gpu.close();
}

/** Of a socket whose server is not there, or went away before it had answered. */
const SOCKET_ERRORS = ["ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT"];

/**
 * A worker may be there before its server, or while it starts or is killed. What else is wrong with the connection, such as
 * a password, is an error.
 * @param wait milliseconds between two attempts
 */
export async function connected(
  nats: string,
  connect: typeof connectFleet = connectFleet,
  wait = 2000,
): Promise<NatsConnection> {
  for (let tries = 0;; tries++) {
    try {
      return await connect(nats, process.env);
    } catch (error) {
      if (!(error instanceof Error && isAway(error.cause))) throw error;
      if (tries === 0) console.error(`waiting for the server: ${messageOf(error)}`);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

function isAway(cause: unknown): boolean {
  const kinds = [ConnectionError, ClosedConnectionError, TimeoutError];
  return kinds.some((kind) => cause instanceof kind) || SOCKET_ERRORS.includes(Object(cause).code);
}

class FleetModel implements Sampling {
  readonly name: string;
  readonly #gpu: Gpu;
  readonly rows: number;
  #model: Model | undefined;
  #generator: Generator | undefined;

  constructor(gpu: Gpu, rows: number) {
    const { description, device } = gpu.facts;
    this.name = `${process.versions.bun ? "Bun" : "Deno"} ${description || device}`.slice(
      0,
      200,
    );
    this.#gpu = gpu;
    this.rows = rows;
  }

  /** The files are on the disk only while they are loaded. */
  async load(manifest: Manifest, store: WeightStore): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "ghpo-worker-"));
    try {
      const base = manifest.base === null ? manifest : await store.manifest(manifest.base);
      await store.fetch(base, folder);
      this.#generator?.destroy();
      this.#model?.destroy();
      this.#generator = undefined;
      this.#model = loadModel(this.#gpu, folder);
      if (manifest.base !== null) {
        const adapters = mkdtempSync(join(folder, "adapters-"));
        await store.fetch(manifest, adapters);
        mergeAdapters(this.#model, adapters);
      }
      this.#generator = new Generator(this.#model, { rows: this.rows });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  async generate(jobs: readonly Job[], ends: EndOf | undefined): Promise<SampledCompletion[][]> {
    const { max_tokens, temperature, greedy, seed, eos_ids } = jobs[0]!;
    const settings = { max_tokens, temperature, greedy, seed, eos_ids, ends };
    const requests = jobs.map(({ prompt_ids, samples, key }) => ({ prompt_ids, samples, key }));
    const answers = await this.#generator!.generate(requests, settings);
    return answers.map((completions) =>
      completions.map(({ ids, logprobs, finish_reason }) => ({
        ids: Uint32Array.from(ids),
        logprobs: Float32Array.from(logprobs),
        finish_reason,
      }))
    );
  }
}
