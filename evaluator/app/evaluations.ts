// Evaluations as a state machine in a store: a request asks for the next few samples, so that no request
// outlives an edge worker's limits and a lost worker loses at most the samples in flight.

import type { EvaluationResult } from "#shared/schemas/evaluation.ts";
import { syntheticTask } from "../benchmarks/synthetic.ts";
import { presets } from "../presets.ts";
import { type SampleRecord, type SampleRequest, sha256, type Source } from "../sample.ts";
import { CheckpointSource, type LocalModel } from "../sources/checkpoint.ts";
import { OpenAiSource } from "../sources/openai.ts";
import { averagesOf, summarise } from "../summary.ts";
import { requestsOf, score, type Task, taskHash } from "../task.ts";
import { HttpProblem } from "./problem.ts";
import type { EvaluationRequest } from "./schemas.ts";
import type { Store } from "./store.ts";

/** How far an evaluation is. */
export interface Progress {
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
): Promise<Progress> {
  const model = request.checkpoint === undefined ? null : await openCheckpoint(request.checkpoint);
  const digest = model?.digest ?? null;
  const id = (await sha256(JSON.stringify([request, digest]))).slice(0, 32);
  if (await store.get(`spec/${id}`) === null) {
    const spec: Spec = { request, digest, engine: model?.engine ?? null };
    await store.put({ [`spec/${id}`]: JSON.stringify(spec) });
  }
  return await progressOf(store, id);
}

export async function progressOf(store: Store, id: string): Promise<Progress> {
  const plan = await load(store, id);
  const done = plan.requests.filter(({ key }) => plan.samples.has(key)).length;
  const total = plan.requests.length;
  return { id, total, done, status: done === total ? "complete" : "running" };
}

/** What answers an evaluation. Throws 404, or 409 when the checkpoint's weights are others than at its start. */
export async function sourceOf(
  store: Store,
  id: string,
  openCheckpoint: OpenCheckpoint,
  apiKey: string | undefined,
  limits: { timeoutMs: number; concurrency: number },
): Promise<Source> {
  const { request, digest } = await specOf(store, id);
  const { endpoint = "", model = "", checkpoint } = request;
  if (checkpoint === undefined) {
    return new OpenAiSource({ endpoint, model, apiKey, ...limits, attempts: 3, stream: false });
  }
  const local = await openCheckpoint(checkpoint);
  if (local.digest !== digest) {
    throw new HttpProblem(409, "The checkpoint has changed since the evaluation began: begin another");
  }
  return new CheckpointSource(local, request.seed ?? 0);
}

/** Asks `source` for up to `count` missing samples. Yields the progress after each batch and the failures. */
export async function* nextSamples(
  store: Store,
  id: string,
  count: number,
  source: Source,
): AsyncGenerator<{ event: string; data: unknown }> {
  const plan = await load(store, id);
  const missing = plan.requests.filter(({ key }) => !plan.samples.has(key));
  const stop = new AbortController();
  let done = plan.requests.length - missing.length;
  try {
    for await (const events of source.complete(missing.slice(0, count), stop.signal)) {
      const entries: Record<string, string> = {};
      for (const event of events) {
        const { key, benchmark, problem_id, repeat } = event.request;
        if ("failure" in event) {
          yield { event: "failure", data: { benchmark, problem_id, sample: repeat, reason: event.failure } };
          continue;
        }
        const record: SampleRecord = { type: "sample", key, benchmark, problem_id, repeat, ...event.output };
        entries[`sample/${id}/${key}`] = JSON.stringify(record);
        done++;
      }
      if (Object.keys(entries).length > 0) await store.put(entries);
      yield { event: "progress", data: { done, total: plan.requests.length } };
    }
    const status = done === plan.requests.length ? "complete" : "running";
    yield { event: "end", data: { id, done, total: plan.requests.length, status } };
  } finally {
    stop.abort();
  }
}

/** The scores of what is there. Throws 409 before the first sample. */
export async function resultOf(store: Store, id: string): Promise<EvaluationResult> {
  const plan = await load(store, id);
  const benchmarks = [];
  for (const task of plan.tasks) {
    const problems = new Map(task.problems.map((problem) => [problem.id, problem]));
    const scored = plan.requests.filter((request) => request.benchmark === task.name).flatMap(
      ({ key, problem_id }) => {
        const sample = plan.samples.get(key);
        const problem = problems.get(problem_id);
        return sample && problem ? [{ ...sample, score: score(task, problem, sample.text) }] : [];
      },
    );
    if (scored.length > 0) benchmarks.push(summarise(task, await taskHash(task), scored));
  }
  if (benchmarks.length === 0) throw new HttpProblem(409, "The evaluation has no sample yet");
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
  if (text === null) throw new HttpProblem(404, "There is no such evaluation");
  return JSON.parse(text) as Spec;
}

async function load(store: Store, id: string): Promise<Plan> {
  const spec = await specOf(store, id);
  const { request, digest } = spec;
  const { sampling, repeatTemperature } = presets.plain;
  const samples = request.samples ?? 1;
  const temperature = request.temperature ?? (samples > 1 ? repeatTemperature : sampling.temperature);
  const tasks = request.benchmarks.map((family) =>
    syntheticTask(family, request.problems_seed ?? 1, request.per_level ?? 10, samples, {
      ...sampling,
      temperature,
      top_p: request.top_p ?? sampling.top_p,
      max_tokens: request.max_tokens ?? sampling.max_tokens,
    })
  );
  const identity = digest === null
    ? { source: "openai", endpoint: request.endpoint ?? "", model: request.model ?? "" }
    : { source: "checkpoint", sha256: digest };
  const requests = (await Promise.all(tasks.map((task) => requestsOf(task, identity, request.seed ?? 0))))
    .flat();
  const records = (await store.list(`sample/${id}/`)).map((line) => JSON.parse(line) as SampleRecord);
  return { spec, tasks, requests, samples: new Map(records.map((record) => [record.key, record])) };
}
