// Evaluations as a state machine in a store: a request asks for the next few samples, so that no request
// outlives an edge worker's limits and a lost worker loses at most the samples in flight.

import type { EvaluationResult } from "#shared/schemas/evaluation.ts";
import { sha256 } from "#shared/tasks/digest.ts";
import { evalPresets } from "#shared/tasks/protocols.ts";
import { syntheticTask } from "#shared/tasks/synthetic.ts";
import type { Task } from "#shared/tasks/task.ts";
import { requestsOf, type SampleRequest } from "../run/request.ts";
import { type CompletionSource, recordOf, type SampleRecord, UnusableSource } from "../run/source.ts";
import { scoreTask } from "../scoring/score_task.ts";
import { averagesOf } from "../scoring/summary.ts";
import { CheckpointSource, type LocalModel } from "../sources/checkpoint.ts";
import { OpenAiSource } from "../sources/openai.ts";
import { HttpError } from "#shared/http/http_error.ts";
import type { EvaluationRequest } from "./schemas.ts";
import type { Store } from "./store.ts";
import { WorkSlices } from "./yielding.ts";

/** How long a sample is left to the request that asks for it, ms: longer than an endpoint may take. */
const LEASE_MS = 10 * 60_000;

/** How far an evaluation is. */
export interface EvaluationProgress {
  id: string;
  total: number;
  done: number;
  status: "running" | "complete";
}

/** A checkpoint of the serving machine. */
export interface ServedModel extends LocalModel {
  readonly digest: string;
  readonly engine: { runtime: string; adapter: string; kernels: string };
}

/** Opens a checkpoint by the name that a request gives. Throws 403 when it is not on the allow-list. */
export type OpenCheckpoint = (name: string) => Promise<ServedModel>;

/** What an evaluation is: the request, and for a checkpoint which weights it had when it began. */
interface Spec {
  request: EvaluationRequest;
  digest: string | null;
  engine: ServedModel["engine"] | null;
}

/** Finds or creates the evaluation of a request: the same request is always the same evaluation. */
export async function startEvaluation(
  store: Store,
  request: EvaluationRequest,
  openCheckpoint: OpenCheckpoint,
): Promise<EvaluationProgress> {
  const model = request.checkpoint === undefined ? null : await openCheckpoint(request.checkpoint);
  const digest = model?.digest ?? null;
  const id = (await sha256(JSON.stringify([request, digest]))).slice(0, 32);
  if (await store.get(`spec/${id}`) === null) {
    const spec: Spec = { request, digest, engine: model?.engine ?? null };
    await store.put({ [`spec/${id}`]: JSON.stringify(spec) });
  }
  return await progressOf(store, id);
}

export async function progressOf(store: Store, id: string): Promise<EvaluationProgress> {
  const { request } = await specOf(store, id);
  const total = tasksOf(request).reduce((sum, { problems, samples }) => sum + problems.length * samples, 0);
  const done = await store.count(`sample/${id}/`);
  return { id, total, done, status: done === total ? "complete" : "running" };
}

/** What answers an evaluation. Throws 404, or 409 when the checkpoint's weights are others than at its start. */
export async function sourceOf(
  store: Store,
  id: string,
  openCheckpoint: OpenCheckpoint,
  apiKey: string | undefined,
  limits: { timeoutMs: number; concurrency: number },
): Promise<CompletionSource> {
  const { request, digest } = await specOf(store, id);
  const { endpoint = "", model = "", checkpoint } = request;
  if (checkpoint === undefined) {
    return new OpenAiSource({ endpoint, model, apiKey, ...limits, attempts: 3, stream: false });
  }
  const local = await openCheckpoint(checkpoint);
  if (local.digest !== digest) {
    throw new HttpError(409, "The checkpoint has changed since the evaluation began: start a new one");
  }
  return new CheckpointSource(local, request.seed ?? 0);
}

/**
 * Asks `source` for up to `count` missing samples that no other request is asking for. Yields the progress after each
 * batch and the failures.
 */
export async function* nextSamples(
  store: Store,
  id: string,
  count: number,
  source: CompletionSource,
): AsyncGenerator<{ event: string; data: unknown }> {
  const plan = await load(store, id);
  const total = plan.requests.length;
  const missing = plan.requests.filter(({ key }) => !plan.samples.has(key));
  const now = Date.now();
  const claim = { group: id, names: missing.map(({ key }) => key), most: count, now, until: now + LEASE_MS };
  const leased = new Set(await store.lease(claim));
  const stop = new AbortController();
  try {
    const mine = [];
    for (const request of missing) {
      // Another request may have finished it between the look and the lease.
      if (leased.has(request.key) && await store.get(`sample/${id}/${request.key}`) === null) {
        mine.push(request);
      }
    }
    for await (const events of source.complete(mine, stop.signal)) {
      const entries: Record<string, string> = {};
      for (const event of events) {
        const { key, benchmark, problem_id, repeat } = event.request;
        if ("failure" in event) {
          yield { event: "failure", data: { benchmark, problem_id, sample: repeat, reason: event.failure } };
        } else entries[`sample/${id}/${key}`] = JSON.stringify(recordOf(event.request, event.output));
      }
      if (Object.keys(entries).length > 0) await store.put(entries);
      yield { event: "progress", data: { done: await store.count(`sample/${id}/`), total } };
    }
  } catch (error) {
    if (!(error instanceof UnusableSource)) throw error;
    yield { event: "stopped", data: { reason: error.message } };
  } finally {
    stop.abort();
    await store.release(id, [...leased]);
  }
  const done = await store.count(`sample/${id}/`);
  yield { event: "end", data: { id, done, total, status: done === total ? "complete" : "running" } };
}

/** The scores of what is there. Throws 409 before the first sample. */
export async function resultOf(store: Store, id: string): Promise<EvaluationResult> {
  const plan = await load(store, id);
  const slices = new WorkSlices();
  const benchmarks = [];
  for (const task of plan.tasks) {
    const requests = plan.requests.filter(({ benchmark }) => benchmark === task.name);
    const score = await scoreTask(task, requests, ({ key }) => plan.samples.get(key), {
      pause: (fuel) => slices.spend(fuel),
    });
    if (score) benchmarks.push(score);
  }
  if (benchmarks.length === 0) throw new HttpError(409, "The evaluation has no sample yet");
  const { request, digest, engine } = plan.spec;
  return {
    format_version: 1,
    model: request.checkpoint ?? request.model ?? "",
    model_sha256: digest,
    source: request.checkpoint === undefined ? "openai" : "checkpoint",
    seed: request.seed ?? 0,
    problems_seed: request.problems_seed ?? 1,
    complete: plan.requests.every(({ key }) => plan.samples.has(key)),
    benchmarks,
    ...averagesOf(benchmarks),
    rows: [],
    run: { created_at: new Date().toISOString(), duration_s: 0, engine },
  };
}

interface Plan {
  spec: Spec;
  tasks: Task[];
  requests: SampleRequest[];
  samples: Map<string, SampleRecord>;
}

async function specOf(store: Store, id: string): Promise<Spec> {
  const text = await store.get(`spec/${id}`);
  if (text === null) throw new HttpError(404, "There is no such evaluation");
  return JSON.parse(text) as Spec;
}

function tasksOf(request: EvaluationRequest): Task[] {
  const { sampling, repeatTemperature } = evalPresets.plain;
  const samples = request.samples ?? 1;
  const temperature = request.temperature ?? (samples > 1 ? repeatTemperature : sampling.temperature);
  return request.benchmarks.map((family) =>
    syntheticTask(family, request.problems_seed ?? 1, request.per_level ?? 10, samples, {
      ...sampling,
      temperature,
      top_p: request.top_p ?? sampling.top_p,
      max_tokens: request.max_tokens ?? sampling.max_tokens,
    })
  );
}

async function load(store: Store, id: string): Promise<Plan> {
  const spec = await specOf(store, id);
  const { request, digest } = spec;
  const slices = new WorkSlices();
  const tasks = tasksOf(request);
  const identity = digest === null
    ? { source: "openai", endpoint: request.endpoint ?? "", model: request.model ?? "" }
    : { source: "checkpoint", sha256: digest };
  const requests: SampleRequest[] = [];
  for (const task of tasks) {
    for await (const each of requestsOf(task, identity, request.seed ?? 0)) {
      requests.push(each);
      await slices.spend(100);
    }
  }
  const samples = new Map<string, SampleRecord>();
  for (const line of await store.list(`sample/${id}/`)) {
    const record = JSON.parse(line) as SampleRecord;
    samples.set(record.key, record);
    await slices.spend(line.length / 16);
  }
  return { spec, tasks, requests, samples };
}
