// The learner's side of a fleet: stores weights, hands requests out as jobs, and collects the answers that arrive in
// time and are well-formed. Whether an answer is right is checked by the caller.

import { messageOf } from "#shared/text/format.ts";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { modelFiles } from "#shared/io/streams.ts";
import { tokenizerParts } from "#shared/io/tokenizer_files.ts";
import type { StopsAt } from "#shared/text/stop_strings.ts";
import {
  ANSWERS,
  answerSubject,
  type Job,
  JOBS,
  jobSubject,
  readAnswer,
  type SampledCompletion,
  writeTokenizer,
} from "./protocol.ts";
import { connectFleet, makeStreams, mendWorkers, redeliverSkipped } from "./server.ts";
import { WeightStore } from "./weights.ts";

export interface FleetSettings {
  /** Names the run on the server. */
  run: string;
  vocabulary: number;
  /** Seconds without any answer after which the others are not waited for. */
  patience: number;
  /** The model whose tokenizer workers look for stop strings with. */
  tokenizer: string;
}

/** A request and how it is to be sampled: a job but for its names. */
export type Order = Omit<Job, "id" | "run" | "call" | "weights" | "stop">;

export class Dispatcher {
  /** Answers that were refused. */
  #refused = 0;
  /** When the last answer came, to whichever call. */
  #heard = 0;
  #calls = 0;
  /** What calls do one after the other before they ask. */
  #last: Promise<unknown> = Promise.resolve();
  #base: string | null = null;
  #current: string | null = null;
  #tokenizer: string | null = null;

  private constructor(
    readonly connection: NatsConnection,
    readonly store: WeightStore,
    readonly settings: FleetSettings,
    readonly log: (line: string) => void,
  ) {}

  /** @throws Error when the server does not answer */
  static async open(
    url: string,
    settings: FleetSettings,
    log: (line: string) => void,
    environment: Record<string, string | undefined>,
  ): Promise<Dispatcher> {
    const connection = await connectFleet(url, environment);
    await makeStreams(connection);
    const dispatcher = new Dispatcher(connection, await WeightStore.open(connection, true), settings, log);
    await dispatcher.purge(); // what an earlier process of this run has left
    return dispatcher;
  }

  /**
   * Stores the weights of a directory in place of those before.
   * @param base directory of the model that they are adapters of; it is stored once
   * @returns their digest
   */
  async publish(directory: string, base: string | null): Promise<string> {
    if (base !== null) this.#base ??= await this.store.publish(...modelFiles(base), null);
    const digest = await this.store.publish(...modelFiles(directory), this.#base);
    const before = this.#current;
    this.#current = digest;
    const keep = [digest, ...(this.#base === null ? [] : [this.#base])];
    if (before !== null && before !== digest) await this.store.remove(before, keep);
    return digest;
  }

  /**
   * The completions of the orders that were answered, by their index. Several calls may be under way: workers take their
   * jobs in the order of the calls.
   * @param idOf a name for the index-th order: the same name is stored once
   * @param stops where completions end besides
   */
  async ask(
    orders: readonly Order[],
    weights: string,
    idOf: (index: number) => string,
    stops: StopsAt | undefined,
  ): Promise<Map<number, SampledCompletion[]>> {
    const { run, vocabulary, patience } = this.settings;
    const call = this.#calls++;
    const answers = new Map<number, SampledCompletion[]>();
    const prepared = this.#last.catch(() => {}).then(async () => {
      await mendWorkers(this.connection);
      return stops ? { texts: [...stops.texts], tokenizer: await this.#publishTokenizer() } : null;
    });
    this.#last = prepared;
    const stop = await prepared;
    const jobs = orders.map((order, i): Job => ({ id: idOf(i), run, call, weights, ...order, stop }));
    const stream = jetstream(this.connection);
    const consumer = await stream.consumers.get(ANSWERS, { filter_subjects: answerSubject(run, call, "*") });
    const messages = await consumer.consume();
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      await Promise.all(
        jobs.map((job) =>
          stream.publish(jobSubject(run, call), JSON.stringify(job), { msgID: job.id, timeout: 5000 })
        ),
      );
      const indexOf = new Map(jobs.map(({ id }, i) => [id, i]));
      const began = performance.now();
      const wait = () => {
        const left = Math.max(began, this.#heard) + patience * 1000 - performance.now();
        if (left <= 0) messages.stop();
        else timer = setTimeout(wait, left);
      };
      wait();
      for await (const message of messages) {
        const index = indexOf.get(message.subject.split(".").at(-1)!);
        if (index === undefined) continue;
        indexOf.delete(jobs[index]!.id);
        try {
          answers.set(index, readAnswer(message.data, jobs[index]!, vocabulary, stops));
        } catch (error) {
          this.refuse(error);
        }
        this.#heard = performance.now();
        if (indexOf.size === 0) break;
      }
      if (indexOf.size > 0) {
        this.log(`${indexOf.size} of ${jobs.length} requests have had no answer for ${patience} s`);
      }
    } finally {
      clearTimeout(timer);
      messages.stop();
    }
    await this.#purge(call, answers.size < jobs.length);
    return answers;
  }

  async #publishTokenizer(): Promise<string> {
    this.#tokenizer ??= await this.store.put(writeTokenizer(tokenizerParts(this.settings.tokenizer)));
    return this.#tokenizer;
  }

  refuse(reason: unknown): void {
    this.#refused++;
    this.log(`an answer is refused: ${messageOf(reason)}`);
  }

  /** How many answers were refused since the last call. */
  takeRefused(): number {
    const refused = this.#refused;
    this.#refused = 0;
    return refused;
  }

  /** Takes what is left of the jobs and answers of this run off the server. */
  async purge(): Promise<void> {
    await this.#purge("*", true);
  }

  /** The same of one call, whose jobs may be done: then they are off already. */
  async #purge(call: number | "*", jobsToo: boolean): Promise<void> {
    const { run } = this.settings;
    const { streams } = await jetstreamManager(this.connection);
    await streams.purge(ANSWERS, { filter: answerSubject(run, call, "*") });
    if (!jobsToo) return;
    await streams.purge(JOBS, { filter: jobSubject(run, call) });
    await redeliverSkipped(this.connection);
  }

  async close(): Promise<void> {
    await this.purge().catch(() => {}); // the server may be away
    await this.connection.close();
  }
}
