// A client of JetStream that lets a few chunks of an object be on their way at once. The object store's `put` waits for the
// acknowledgement of each chunk before it hashes and sends the next, so that client and server take turns.

import type { JetStreamClient, PubAck } from "@nats-io/jetstream";

/** Chunks of an object, as the object store names them; what describes the object is under another subject. */
const CHUNK = /^\$O\.[^.]+\.C\./;
/** What `put` is told of a chunk that is not yet acknowledged; it looks at none of it. */
const UNDERWAY: PubAck = { stream: "", domain: "", seq: 0, duplicate: false };

/**
 * The object that `put` describes is stored only when all its chunks are: a chunk that the server did not take fails the
 * next message, and with it the `put`.
 */
export function pipelined(client: JetStreamClient, chunks: number): JetStreamClient {
  const underway: Promise<unknown>[] = [];
  const settle = async () => {
    const all = await Promise.allSettled(underway.splice(0));
    const failed = all.find(({ status }) => status === "rejected");
    if (failed) throw (failed as PromiseRejectedResult).reason;
  };
  const publish: JetStreamClient["publish"] = async (subject, payload, options) => {
    if (!CHUNK.test(subject)) {
      await settle();
      return await client.publish(subject, payload, options);
    }
    if (underway.length >= chunks) {
      await underway[0]!.catch(settle);
      underway.shift();
    }
    const sent = client.publish(subject, payload, options);
    sent.catch(() => {}); // thrown above
    underway.push(sent);
    return UNDERWAY;
  };
  return new Proxy(client, {
    get: (_, key) => {
      if (key === "publish") return publish;
      const value = Reflect.get(client, key);
      return typeof value === "function" ? value.bind(client) : value;
    },
  });
}
