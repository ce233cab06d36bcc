// A worker: takes jobs from the queue one after the other, samples, and stores the answer before it says that the job is
// done. One that dies in between loses nothing: its job goes to another, and an answer is stored once.

import { messageOf } from "#shared/text/format.ts";
import { jetstream, type JsMsg } from "@nats-io/jetstream";
import { millis, type NatsConnection } from "@nats-io/transport-node";
import {
  answerSubject,
  type Job,
  JOBS,
  type Manifest,
  readJob,
  type SampledCompletion,
  WORKERS,
  writeAnswer,
} from "./protocol.ts";
import { WeightStore } from "./weights.ts";

/** The model of a worker. */
export interface Sampling {
  /** Such as the adapter's name, for the learner's counts. */
  readonly name: string;
  /** Loads weights in place of those before. */
  load(manifest: Manifest, store: WeightStore): Promise<void>;
  generate(job: Job): Promise<SampledCompletion[]>;
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
  const run = async (message: JsMsg) => {
    const job = readJob(message.data);
    if (job.weights !== loaded) {
      loaded = ""; // a failure in the middle leaves neither
      await sampling.load(await store.manifest(job.weights), store);
      loaded = job.weights;
      report(`weights ${job.weights.slice(0, 12)}`);
    }
    const answer = writeAnswer(job, sampling.name, await sampling.generate(job));
    await stream.publish(answerSubject(job.run, job.id), answer, { msgID: job.id });
    await message.ackAck();
    if (++done % 100 === 0) report(`${done} jobs done`);
  };
  while (!stop.aborted) {
    const message = await consumer.next({ expires: 1000 }).catch(async () => {
      await new Promise((resolve) => setTimeout(resolve, 500)); // the server is away; the client connects again
      return null;
    });
    if (message === null) continue;
    const alive = setInterval(() => message.working(), ackWait / 3);
    try {
      await run(message);
    } catch (error) {
      message.nak(1000); // a job of weights that are gone goes with the next purge of its learner
      report(`left to others: ${messageOf(error)}`);
    } finally {
      clearInterval(alive);
    }
  }
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
