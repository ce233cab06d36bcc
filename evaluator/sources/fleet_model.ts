// A checkpoint that is sampled on workers over NATS: the same completions as on this machine, which samples what they do
// not answer in time, and a share of what they do answer again.

import { messageOf } from "#shared/text/format.ts";
import process from "node:process";
import { Dispatcher } from "#shared/fleet/dispatcher.ts";
import type { SampledCompletion } from "#shared/fleet/protocol.ts";
import { sha256 } from "#shared/io/hash.ts";
import type { Sample } from "#shared/engine/generation/requests.ts";
import type { LocalModel } from "./checkpoint.ts";
import type { OpenedModel } from "./local_model.ts";
import { PooledSampling } from "./pooled_sampling.ts";

/** One request in so many is sampled here, too. */
const RESAMPLED = 32;
/** Batches that workers have at a time: they take enough at once, and need not wait for what is sampled here. */
const CALLS = 16;

interface FleetOptions {
  url: string;
  /** Seconds without any answer after which this machine samples the rest. */
  patience: number;
  adapter?: string | undefined;
}

/** Connects, and stores the model for the workers. */
export async function openFleet(local: OpenedModel, options: FleetOptions): Promise<FleetModel> {
  const settings = {
    run: sha256(`${local.digest} ${process.pid} ${Math.random()}`).slice(0, 16),
    vocabulary: local.model.config.vocab_size,
    patience: options.patience,
    tokenizer: local.directory,
  };
  const fleet = await Dispatcher.open(options.url, settings, (line) => console.error(line), process.env);
  const { adapter } = options;
  const weights = adapter === undefined
    ? await fleet.publish(local.directory, null)
    : await fleet.publish(adapter, local.directory);
  return new FleetModel(local, fleet, weights);
}

export class FleetModel implements LocalModel {
  readonly identity: LocalModel["identity"];
  readonly context: LocalModel["context"];
  readonly callsAtOnce = CALLS;
  #call = 0;
  /** Calls that wait for workers. */
  #asking = 0;
  readonly #here: PooledSampling;

  constructor(readonly local: OpenedModel, readonly fleet: Dispatcher, readonly weights: string) {
    this.identity = local.identity;
    this.context = local.context;
    this.#here = new PooledSampling(local);
  }

  encode(prompt: Parameters<LocalModel["encode"]>[0]): number[] {
    return this.local.encode(prompt);
  }

  unknownWord(prompt: Parameters<LocalModel["unknownWord"]>[0]): string | null {
    return this.local.unknownWord(prompt);
  }

  decode(ids: ArrayLike<number>): string {
    return this.local.decode(ids);
  }

  async generate(
    requests: Parameters<LocalModel["generate"]>[0],
    options: Parameters<LocalModel["generate"]>[1],
  ): Promise<Sample[][]> {
    const { max_tokens, temperature, seed } = options;
    const greedy = temperature === 0;
    const { eos_token_ids: eos_ids } = this.local.model.config;
    const sampling = { max_tokens, temperature: greedy ? 1 : temperature, greedy, seed, eos_ids };
    const call = this.#call++;
    let answers = new Map<number, SampledCompletion[]>();
    this.#asking++;
    try {
      const idOf = (i: number) => `${this.fleet.settings.run}-${call}-${i}`;
      answers = await this.fleet.ask(
        requests.map(({ prompt_ids, samples, key }) => ({ prompt_ids, samples, key, ...sampling })),
        this.weights,
        idOf,
        this.local.endsAt(options.stop),
      );
    } catch (error) {
      console.error(`sampling here for now: ${messageOf(error)}`);
    } finally {
      this.#asking--;
    }
    const known = new Map(answers);
    // Which ones, no worker can know.
    for (const i of answers.keys()) if (Math.random() * RESAMPLED < 1) answers.delete(i);
    const rest = [...requests.keys()].filter((i) => !answers.has(i));
    const sampled = this.#here.sample(rest.map((i) => requests[i]!), options);
    if (this.#asking === 0) this.#here.flush(); // no others come
    const own = await sampled;
    const results: Sample[][] = [];
    for (const [i, completions] of answers) results[i] = completions;
    for (const [n, i] of rest.entries()) {
      results[i] = own[n]!;
      const theirs = known.get(i);
      if (theirs && !own[n]!.every(({ ids }, s) => sameIds(ids, theirs[s]!.ids))) {
        this.fleet.refuse(
          "its tokens differ from those drawn here: it uses another adapter, or is not to be trusted",
        );
      }
    }
    return results;
  }

  close(): Promise<void> {
    return this.fleet.close();
  }
}

function sameIds(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length === b.length && Array.from({ length: a.length }, (_, i) => a[i] === b[i]).every(Boolean);
}
