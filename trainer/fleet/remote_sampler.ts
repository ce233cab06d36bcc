// A sampler that hands its requests to workers over NATS, without trusting them: their answers are checked
// (check_answers.ts). What no worker answers in time the learner samples itself.

import { messageOf } from "#shared/text/format.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dispatcher, type FleetSettings } from "#shared/fleet/dispatcher.ts";
import type { SampledCompletion } from "#shared/fleet/protocol.ts";
import { sha256 } from "#shared/io/hash.ts";
import type { Answer, GenerationRequest, Policy, Sample, SampleOptions, Sampler } from "../learner/policy.ts";
import { runExclusive } from "../learner/mutex.ts";
import type { Team } from "../team/team.ts";
import { checkAnswers } from "./check_answers.ts";

/** What of a policy its remote sampling needs. */
export interface SampledPolicy extends Pick<Policy, "generate" | "forward" | "setTemperature"> {
  /** Writes what has changed since the run began: all weights, or the adapters and the directory of their model. */
  saveSampling(directory: string): Promise<{ base: string | null }>;
}

export interface RemoteSettings extends FleetSettings {
  micro_batch_tokens: number;
}

const NOTHING = { remote: 0, local: 0, resampled: 0, differing: 0, refused: 0 };

export class RemoteSampler implements Sampler {
  readonly #fleet: Dispatcher | null;
  readonly #policy: SampledPolicy;
  readonly #settings: RemoteSettings;
  #weights = { step: -1, digest: "" };
  #counts = { ...NOTHING };
  #call = 0;
  /** Of this connection: the server takes no job twice, also where the same step is sampled again on a new device. */
  readonly #salt = crypto.randomUUID();

  private constructor(
    fleet: Dispatcher | null,
    policy: SampledPolicy,
    settings: RemoteSettings,
    readonly log: (line: string) => void,
  ) {
    this.#fleet = fleet;
    this.#policy = policy;
    this.#settings = settings;
  }

  /**
   * @param asks false: another rank asks workers, and this one checks and samples its part
   * @throws Error when the server does not answer
   */
  static async open(
    url: string,
    policy: SampledPolicy,
    settings: RemoteSettings,
    log: (line: string) => void,
    environment: Record<string, string | undefined> = process.env,
    asks = true,
  ): Promise<RemoteSampler> {
    const fleet = asks ? await Dispatcher.open(url, settings, log, environment) : null;
    return new RemoteSampler(fleet, policy, settings, log);
  }

  async ask(
    requests: readonly GenerationRequest[],
    { extend: _, ends, ...options }: SampleOptions,
  ): Promise<(SampledCompletion[] | null)[]> {
    const fleet = this.#fleet;
    if (fleet === null) throw new TypeError("Cannot ask workers from a rank without a connection");
    let answers = new Map<number, SampledCompletion[]>();
    if (requests.length === 0) return [];
    try {
      const weights = await this.#publish(requests[0]!.key[0]);
      const call = this.#call++;
      const idOf = (i: number) =>
        sha256(JSON.stringify([this.#settings.run, this.#salt, weights, requests[i]!.key, call, i])).slice(
          0,
          32,
        );
      answers = await fleet.ask(
        requests.map(({ prompt_ids, samples, key: [a, b] }) => ({
          ...options,
          prompt_ids: [...prompt_ids],
          samples,
          key: [a, b],
          eos_ids: [...options.eos_ids],
        })),
        weights,
        idOf,
        ends,
      );
    } catch (error) {
      this.log(`sampling here for now: ${messageOf(error)}`);
    }
    return requests.map((_, i) => answers.get(i) ?? null);
  }

  async generate(
    requests: readonly GenerationRequest[],
    { extend: _, ...options }: SampleOptions, // what the learner has sampled last may be of an earlier step
    given?: readonly Answer[],
  ): Promise<Sample[][]> {
    const answers = new Map<number, Sample[]>();
    for (const [i, answer] of (given ?? await this.ask(requests, options)).entries()) {
      if (answer !== null) answers.set(i, answer);
    }
    const found = await checkAnswers(
      {
        policy: this.#policy,
        sample: (again) => this.#sample(again, options),
        micro_batch_tokens: this.#settings.micro_batch_tokens,
        secret: this.#salt,
        log: this.log,
      },
      requests,
      options.temperature,
      answers,
    );
    for (const name of ["refused", "resampled", "differing"] as const) this.#counts[name] += found[name];
    const rest = [...requests.keys()].filter((i) => !answers.has(i));
    const own = await this.#sample(rest.map((i) => requests[i]!), options);
    this.#counts.remote += answers.size;
    this.#counts.local += rest.length;
    const results: Sample[][] = [];
    for (const [i, samples] of answers) results[i] = samples;
    for (const [n, i] of rest.entries()) results[i] = own[n]!;
    return results;
  }

  /** What has happened since the last call, as metrics. */
  metrics(): Record<string, number> {
    const counts = { ...this.#counts, refused: this.#counts.refused + (this.#fleet?.takeRefused() ?? 0) };
    this.#counts = { ...NOTHING };
    return Object.fromEntries(Object.entries(counts).map(([name, count]) => [`fleet/${name}`, count]));
  }

  async close(): Promise<void> {
    await this.#fleet?.close();
  }

  /** Samples here. */
  #sample(requests: readonly GenerationRequest[], options: SampleOptions): Promise<Sample[][]> {
    if (requests.length === 0) return Promise.resolve([]);
    return runExclusive(this.#policy, () => this.#policy.generate(requests, options));
  }

  /** Stores the weights that the step samples from. */
  async #publish(step: number): Promise<string> {
    if (this.#weights.step === step) return this.#weights.digest;
    const folder = mkdtempSync(join(tmpdir(), "ghpo-weights-"));
    try {
      const { base } = await runExclusive(this.#policy, () => this.#policy.saveSampling(folder));
      this.#weights = { step, digest: await this.#fleet!.publish(folder, base) };
      return this.#weights.digest;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** What has happened on all ranks since the last call. */
export async function totalCounts(team: Team, sampler: RemoteSampler): Promise<Record<string, number>> {
  const [first, ...others] = await team.allGather("the counts of samplers", () => sampler.metrics());
  const sum = (name: string) => others.reduce((total, counts) => total + counts[name]!, first![name]!);
  return Object.fromEntries(Object.keys(first!).map((name) => [name, sum(name)]));
}
