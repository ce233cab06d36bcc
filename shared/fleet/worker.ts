// A worker: takes a few jobs from the queue, samples them side by side, and stores each answer before it says that the job
// is done. One that dies in between loses nothing: its job goes to another, and an answer is stored once.

import { messageOf } from "#shared/text/format.ts";
import { jetstream, type JsMsg } from "@nats-io/jetstream";
import { millis, type NatsConnection } from "@nats-io/transport-node";
import {
  answerSubject,
  type Job,
  JOBS,
  type Manifest,
  readJob,
  readTokenizer,
  type SampledCompletion,
  WORKERS,
  writeAnswer,
} from "./protocol.ts";
import { type EndOf, stopsAt } from "#shared/text/stop_strings.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { BatchSize } from "./batch_size.ts";
import { WeightStore } from "./weights.ts";

/** A worker takes one in this many of the jobs that are left, so that others find some and it waits for none. */
const SHARE = 4;
/** Completions for each of its rows that it takes at a time at most: rows that end early are filled again. */
const FULL = 2;

/** The model of a worker. */
export interface Sampling {
  /** Such as the adapter's name, for the learner's counts. */
  readonly name: string;
  /** Completions that it samples side by side. */
  readonly rows: number;
  /** Loads weights in place of those before. */
  load(manifest: Manifest, store: WeightStore): Promise<void>;
  /** The completions of each of some jobs, which have all settings in common. @param ends where their stop texts end them */
  generate(jobs: readonly Job[], ends: EndOf | undefined): Promise<SampledCompletion[][]>;
}

/**
 * Works until told to stop.
 * @param report is told of every job: done, or why it was left to others
 */
export async function work(
  connection: NatsConnection,
  sampling: Sampling,
  stop: AbortSignal,
  report: (line: string) => void,
): Promise<void> {
  const stream = jetstream(connection);
  const { store, consumer, ackWait } = await meeting(connection, stop, report);
  let loaded = "";
  let done = 0;
  let reader: { digest: string; tokenizer: Tokenizer } | undefined;
  const endsOf = async ({ stop }: Job) => {
    if (stop === null) return undefined;
    const { tokenizer: digest, texts } = stop;
    if (reader?.digest !== digest) reader = { digest, tokenizer: readTokenizer(await store.get(digest)) };
    return stopsAt(reader.tokenizer, texts);
  };
  const answer = async (messages: readonly Taken[]) => {
    const { weights } = messages[0]!.job;
    if (weights !== loaded) {
      loaded = ""; // a failure in the middle leaves neither
      await sampling.load(await store.manifest(weights), store);
      loaded = weights;
      report(`weights ${weights.slice(0, 12)}`);
    }
    const ends = await endsOf(messages[0]!.job);
    const began = performance.now();
    const completions = await sampling.generate(messages.map(({ job }) => job), ends);
    const seconds = (performance.now() - began) / 1000;
    const tokens = completions.flat().reduce((sum, { ids }) => sum + ids.length, 0);
    await Promise.all(messages.map(async ({ job, message }, i) => {
      const bytes = writeAnswer(job, sampling.name, completions[i]!);
      await stream.publish(answerSubject(job.run, job.call, job.id), bytes, { msgID: job.id });
      await message.ackAck();
      if (++done % 100 === 0) report(`${done} jobs done`);
    }));
    batchSize.done(messages.length, tokens, seconds);
  };
  const batchSize = new BatchSize();
  while (!stop.aborted) {
    const first = await consumer.next({ expires: 1000 }).catch(async () => {
      await new Promise((resolve) => setTimeout(resolve, 500)); // the server is away; the client connects again
      return null;
    });
    if (first === null) continue;
    const messages = [first];
    const alive = setInterval(() => messages.forEach((message) => message.working()), ackWait / 3);
    try {
      const samples = Math.max(1, readJob(first.data).samples);
      const fit = Math.floor(FULL * sampling.rows / samples);
      const more = Math.min(batchSize.most - 1, fit - 1, Math.floor(first.info.pending / SHARE));
      if (more > 0) {
        const others = await consumer.fetch({ max_messages: more, expires: 1000 });
        for await (const message of others) messages.push(message);
      }
      for (const alike of groups(messages, report)) {
        try {
          await answer(alike);
        } catch (error) {
          leave(alike.map(({ message }) => message), error, report);
        }
      }
    } catch (error) {
      leave(messages, error, report);
    } finally {
      clearInterval(alive);
    }
  }
  report(`${done} jobs done`);
}

interface Taken {
  message: JsMsg;
  job: Job;
}

/** Jobs that can be sampled together: of the same weights and settings. */
function groups(messages: readonly JsMsg[], report: (line: string) => void): Taken[][] {
  const all = new Map<string, Taken[]>();
  for (const message of messages) {
    try {
      const job = readJob(message.data);
      const { id: _, run: __, call: ___, prompt_ids: ____, samples: _____, key: ______, ...alike } = job;
      const name = JSON.stringify(alike);
      all.set(name, [...all.get(name) ?? [], { message, job }]);
    } catch (error) {
      leave([message], error, report);
    }
  }
  return [...all.values()];
}

/** Gives jobs back. Those of weights that are gone go with the next purge of their learner. */
function leave(messages: readonly JsMsg[], error: unknown, report: (line: string) => void): void {
  for (const message of messages) message.nak(1000); // of those that are done already it is not heard
  report(`left to others: ${messageOf(error)}`);
}

/** Where a learner has made them, as it does when its run begins. */
async function meeting(connection: NatsConnection, stop: AbortSignal, report: (line: string) => void) {
  for (let tries = 0;; tries++) {
    try {
      const store = await WeightStore.open(connection, false);
      const consumer = await jetstream(connection).consumers.get(JOBS, WORKERS);
      const { config } = await consumer.info();
      return { store, consumer, ackWait: millis(config.ack_wait!) };
    } catch (error) {
      if (stop.aborted) throw error;
      if (tries === 0) report("waiting for a run to begin");
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}
