// A sampler that hands its requests to workers over NATS and believes none of them. An answer is taken when its form is
// right and its log-probs are those of the learner's own weights; of a few, the learner samples the completions again. Who
// does not answer in time is done without: the learner samples the rest itself.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { inMicroBatches } from "#shared/engine/backward/micro_batches.ts";
import {
  ANSWERS,
  answerSubject,
  type Completion,
  type Job,
  JOBS,
  jobSubject,
  readAnswer,
} from "#shared/fleet/protocol.ts";
import { connectFleet, makeStreams } from "#shared/fleet/server.ts";
import { WeightStore } from "#shared/fleet/weights.ts";
import { sha256 } from "#shared/io/hash.ts";
import type { Policy, Sample, SampleOptions, Sampler, SampleRequest } from "../learner/policy.ts";

/** What of a policy its remote sampling needs. */
export interface SampledPolicy extends Pick<Policy, "generate" | "forward" | "setTemperature"> {
  /** Writes what has changed since the run began: all weights, or the adapters beside the model of a directory. */
  saveSampling(directory: string): Promise<{ base: string | null }>;
}

export interface RemoteSettings {
  /** Names the run on the server. */
  run: string;
  vocabulary: number;
  micro_batch_tokens: number;
  /** Seconds without any answer after which the learner samples the rest. */
  patience: number;
}

/** Of log-probs, on average over an answer: a hundred times what rounding does between adapters. */
const LARGEST_DIFFERENCE = 1e-3;
/** One request in so many is sampled again. */
const RESAMPLED = 32;
/** What a worker needs of a model's directory. */
const MODEL_FILES =
  /^(config|generation_config|adapter_config)\.json$|\.safetensors$|\.safetensors\.index\.json$/;

export class RemoteSampler implements Sampler {
  readonly #connection: NatsConnection;
  readonly #store: WeightStore;
  readonly #policy: SampledPolicy;
  readonly #settings: RemoteSettings;
  #weights = { step: -1, digest: "" };
  #base: string | null = null;
  #counts = { remote: 0, local: 0, refused: 0, resampled: 0, differing: 0 };
  #call = 0;

  private constructor(
    connection: NatsConnection,
    store: WeightStore,
    policy: SampledPolicy,
    settings: RemoteSettings,
    readonly log: (line: string) => void,
  ) {
    this.#connection = connection;
    this.#store = store;
    this.#policy = policy;
    this.#settings = settings;
  }

  /** @throws Error when the server does not answer */
  static async open(
    url: string,
    policy: SampledPolicy,
    settings: RemoteSettings,
    log: (line: string) => void,
    environment: Record<string, string | undefined> = process.env,
  ): Promise<RemoteSampler> {
    const connection = await connectFleet(url, environment);
    await makeStreams(connection);
    const sampler = new RemoteSampler(
      connection,
      await WeightStore.open(connection, true),
      policy,
      settings,
      log,
    );
    await sampler.#purge(); // what an earlier process of this run has left
    return sampler;
  }

  async generate(requests: SampleRequest[], options: SampleOptions): Promise<Sample[][]> {
    if (options.greedy || requests.length === 0) return await this.#policy.generate(requests, options);
    const answers = new Map<number, Completion[]>();
    try {
      await this.#remote(requests, options, answers);
    } catch (error) {
      this.log(`workers are done without for now: ${error instanceof Error ? error.message : error}`);
    }
    await this.#check(requests, options, answers);
    const rest = [...requests.keys()].filter((i) => !answers.has(i));
    const own = rest.length === 0 ? [] : await this.#policy.generate(rest.map((i) => requests[i]!), options);
    this.#counts.remote += answers.size;
    this.#counts.local += rest.length;
    const results: Sample[][] = [];
    for (const [i, samples] of answers) results[i] = samples;
    for (const [n, i] of rest.entries()) results[i] = own[n]!;
    return results;
  }

  /** What has happened since the last call, as metrics. */
  metrics(): Record<string, number> {
    const counts = Object.entries(this.#counts).map(([name, count]) => [`fleet/${name}`, count]);
    this.#counts = { remote: 0, local: 0, refused: 0, resampled: 0, differing: 0 };
    return Object.fromEntries(counts);
  }

  async close(): Promise<void> {
    await this.#purge().catch(() => {}); // the server may be away
    await this.#connection.close();
  }

  /** Hands the requests out and collects what comes back in time and in form. */
  async #remote(
    requests: SampleRequest[],
    options: SampleOptions,
    answers: Map<number, Completion[]>,
  ): Promise<void> {
    const { run, vocabulary, patience } = this.#settings;
    const weights = await this.#publish(requests[0]!.key[0]);
    const call = this.#call++;
    const { greedy: _greedy, ...sampling } = options;
    const jobs = requests.map((request, i): Job => {
      const id = sha256(JSON.stringify([run, weights, request.key, call, i])).slice(0, 32);
      return { id, run, weights, ...request, ...sampling };
    });
    const stream = jetstream(this.#connection);
    const consumer = await stream.consumers.get(ANSWERS, { filter_subjects: answerSubject(run, "*") });
    const messages = await consumer.consume();
    await Promise.all(
      jobs.map((job) =>
        stream.publish(jobSubject(run), JSON.stringify(job), { msgID: job.id, timeout: 5000 })
      ),
    );
    const indexOf = new Map(jobs.map(({ id }, i) => [id, i]));
    const seen = new Set<number>();
    const giveUp = () => messages.stop();
    let timer = setTimeout(giveUp, patience * 1000);
    for await (const message of messages) {
      const index = indexOf.get(message.subject.split(".").at(-1)!);
      if (index === undefined || seen.has(index)) continue;
      seen.add(index);
      try {
        answers.set(index, readAnswer(message.data, jobs[index]!, vocabulary));
      } catch (error) {
        this.#refuse(error);
      }
      clearTimeout(timer);
      if (seen.size === jobs.length) break;
      timer = setTimeout(giveUp, patience * 1000);
    }
    clearTimeout(timer);
    if (seen.size < jobs.length) {
      this.log(`${jobs.length - seen.size} of ${jobs.length} requests have had no answer for ${patience} s`);
    }
    await this.#purge();
  }

  /** Removes the answers that are not of the learner's weights. */
  async #check(
    requests: SampleRequest[],
    options: SampleOptions,
    answers: Map<number, Completion[]>,
  ): Promise<void> {
    this.#policy.setTemperature(options.temperature);
    const sequences = [...answers].flatMap(([i, completions]) => {
      const { prompt_ids } = requests[i]!;
      return completions.map(({ ids, logprobs }) => ({
        ids: [...prompt_ids, ...ids],
        prompt_length: prompt_ids.length,
        logprobs,
        i,
      }));
    });
    const sums = new Map<number, { difference: number; tokens: number }>();
    for (const batch of inMicroBatches(sequences, this.#settings.micro_batch_tokens)) {
      const scores = await this.#policy.forward(batch);
      for (const [n, { logprobs, i }] of batch.entries()) {
        const sum = sums.get(i) ?? { difference: 0, tokens: 0 };
        sums.set(i, sum);
        for (let t = 0; t < logprobs.length; t++) {
          sum.difference += Math.abs(logprobs[t]! - scores.logprobs[n]![t]!);
        }
        sum.tokens += logprobs.length;
      }
    }
    for (const [i, { difference, tokens }] of sums) {
      if (difference / tokens <= LARGEST_DIFFERENCE) continue;
      answers.delete(i);
      this.#refuse(
        `its log-probs differ by ${(difference / tokens).toPrecision(3)} on average from the learner's`,
      );
    }
    const again = [...answers.keys()].filter((i) => drawn(requests[i]!, options.seed));
    if (again.length === 0) return;
    const own = await this.#policy.generate(again.map((i) => requests[i]!), options);
    this.#counts.resampled += again.length;
    for (const [n, i] of again.entries()) {
      const same = own[n]!.every(({ ids }, s) => sameIds(ids, answers.get(i)![s]!.ids));
      if (same) continue;
      this.#counts.differing++; // another adapter may draw the neighbour where two are equal but for rounding
      answers.delete(i); // sampled once more with the rest
    }
  }

  /** Stores the weights that the step samples from, and removes those of the step before. */
  async #publish(step: number): Promise<string> {
    if (this.#weights.step === step) return this.#weights.digest;
    const folder = mkdtempSync(join(tmpdir(), "ghpo-weights-"));
    const before = this.#weights.digest;
    try {
      const { base } = await this.#policy.saveSampling(folder);
      if (base !== null) this.#base ??= await this.#store.publish(base, modelFiles(base), null);
      const digest = await this.#store.publish(folder, modelFiles(folder), this.#base);
      this.#weights = { step, digest };
      const keep = [digest, ...(this.#base === null ? [] : [this.#base])];
      if (before !== "" && before !== digest) await this.#store.remove(before, keep);
      return digest;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Takes what is left of this run's jobs and answers off the server. */
  async #purge(): Promise<void> {
    const { run } = this.#settings;
    const { streams } = await jetstreamManager(this.#connection);
    await streams.purge(JOBS, { filter: jobSubject(run) });
    await streams.purge(ANSWERS, { filter: answerSubject(run, "*") });
  }

  #refuse(reason: unknown): void {
    this.#counts.refused++;
    this.log(`an answer is refused: ${reason instanceof Error ? reason.message : reason}`);
  }
}

function modelFiles(directory: string): string[] {
  return readdirSync(directory).filter((name) => MODEL_FILES.test(name)).sort();
}

/** Whether a request is one of those that are sampled again; no worker knows beforehand without the learner's salt. */
function drawn({ key }: SampleRequest, seed: number): boolean {
  return parseInt(sha256(JSON.stringify([SALT, seed, key])).slice(0, 8), 16) % RESAMPLED === 0;
}
const SALT = crypto.randomUUID();

function sameIds(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
