// A sampler that hands its requests to workers over NATS and believes none of them. An answer is taken when its form is
// right and its log-probs are those of the learner's own weights; of a few, the learner samples the completions again. Who
// does not answer in time is done without: the learner samples the rest itself.

import { messageOf } from "#shared/text/format.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inMicroBatches } from "#shared/engine/backward/micro_batches.ts";
import { Dispatcher, type FleetSettings } from "#shared/fleet/dispatcher.ts";
import type { SampledCompletion } from "#shared/fleet/protocol.ts";
import { sha256 } from "#shared/io/hash.ts";
import type { GenerationRequest, Policy, Sample, SampleOptions, Sampler } from "../learner/policy.ts";

/** What of a policy its remote sampling needs. */
export interface SampledPolicy extends Pick<Policy, "generate" | "forward" | "setTemperature"> {
  /** Writes what has changed since the run began: all weights, or the adapters beside the model of a directory. */
  saveSampling(directory: string): Promise<{ base: string | null }>;
}

export interface RemoteSettings extends FleetSettings {
  micro_batch_tokens: number;
}

/** Of log-probs, on average over an answer: a hundred times what rounding does between adapters. */
const LARGEST_DIFFERENCE = 1e-3;
/** One request in so many is sampled again. */
const RESAMPLED = 32;

export class RemoteSampler implements Sampler {
  readonly #fleet: Dispatcher;
  readonly #policy: SampledPolicy;
  readonly #settings: RemoteSettings;
  #weights = { step: -1, digest: "" };
  #counts = { remote: 0, local: 0, resampled: 0, differing: 0 };
  #call = 0;

  private constructor(fleet: Dispatcher, policy: SampledPolicy, settings: RemoteSettings) {
    this.#fleet = fleet;
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
    return new RemoteSampler(await Dispatcher.open(url, settings, log, environment), policy, settings);
  }

  async generate(
    requests: readonly GenerationRequest[],
    { extend: _, ...options }: SampleOptions,
  ): Promise<Sample[][]> {
    // Nothing is extended: what the learner has sampled last may be of an earlier step.
    if (options.greedy || requests.length === 0) return await this.#policy.generate(requests, options);
    let answers = new Map<number, SampledCompletion[]>();
    try {
      const weights = await this.#publish(requests[0]!.key[0]);
      const call = this.#call++;
      const idOf = (i: number) =>
        sha256(JSON.stringify([this.#settings.run, SALT, weights, requests[i]!.key, call, i])).slice(0, 32);
      answers = await this.#fleet.ask(
        requests.map(({ prompt_ids, samples, key: [a, b] }) => ({
          ...options,
          prompt_ids: [...prompt_ids],
          samples,
          key: [a, b],
          eos_ids: [...options.eos_ids],
        })),
        weights,
        idOf,
      );
    } catch (error) {
      this.#fleet.log(`workers are done without for now: ${messageOf(error)}`);
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
    const counts = { ...this.#counts, refused: this.#fleet.refused };
    this.#counts = { remote: 0, local: 0, resampled: 0, differing: 0 };
    this.#fleet.refused = 0;
    return Object.fromEntries(Object.entries(counts).map(([name, count]) => [`fleet/${name}`, count]));
  }

  close(): Promise<void> {
    return this.#fleet.close();
  }

  /** Removes the answers that are not of the learner's weights. */
  async #check(
    requests: readonly GenerationRequest[],
    options: SampleOptions,
    answers: Map<number, SampledCompletion[]>,
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
      this.#fleet.refuse(
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

  /** Stores the weights that the step samples from. */
  async #publish(step: number): Promise<string> {
    if (this.#weights.step === step) return this.#weights.digest;
    const folder = mkdtempSync(join(tmpdir(), "ghpo-weights-"));
    try {
      const { base } = await this.#policy.saveSampling(folder);
      this.#weights = { step, digest: await this.#fleet.publish(folder, base) };
      return this.#weights.digest;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** Whether a request is one of those that are sampled again; no worker knows beforehand without the learner's salt. */
function drawn({ key }: GenerationRequest, seed: number): boolean {
  return parseInt(sha256(JSON.stringify([SALT, seed, key])).slice(0, 8), 16) % RESAMPLED === 0;
}
/** Of this process. */
const SALT = crypto.randomUUID();

function sameIds(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
