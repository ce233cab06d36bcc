// The connection to a NATS server, and the streams that the learner makes there. Names and passwords come from the
// environment, never from a command line; beyond this machine the connection must be encrypted.

import {
  AckPolicy,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from "@nats-io/jetstream";
import { setSha256Backend } from "@nats-io/obj";
import { AuthorizationError, connect, type NatsConnection, wsconnect } from "@nats-io/transport-node";
import { messageOf } from "#shared/text/format.ts";
import { ANSWERS, JOBS, WORKERS } from "./protocol.ts";

const PROTOCOLS = ["nats:", "tls:", "ws:", "wss:"];
const SECOND = 1e9;
const ACK_WAIT_S = 30;
/** How long a server knows an id, so that a job and its answer are stored once. */
const WINDOW_S = 3600;

/**
 * @param url nats:// or tls://; ws:// or wss:// where only HTTP gets through
 * @param environment GHPO_NATS_USER, GHPO_NATS_PASSWORD, and GHPO_NATS_CA, the file of an own authority
 */
export async function connectFleet(
  url: string,
  environment: Record<string, string | undefined>,
): Promise<NatsConnection> {
  const { GHPO_NATS_USER: user, GHPO_NATS_PASSWORD: pass, GHPO_NATS_CA: caFile } = environment;
  const { protocol, hostname, username } = new URL(url);
  if (username !== "") {
    throw new Error(
      "Cannot connect to the NATS server as its URL must hold no password: put them into GHPO_NATS_USER and " +
        "GHPO_NATS_PASSWORD",
    );
  }
  if (!user || !pass) {
    throw new Error(
      "Cannot connect to the NATS server as GHPO_NATS_USER and GHPO_NATS_PASSWORD must be set: anonymous " +
        "connections are not accepted",
    );
  }
  if (!PROTOCOLS.includes(protocol)) {
    throw new Error(
      `Cannot connect to the NATS server as its URL must begin with ${
        PROTOCOLS.join("//, ")
      }//: it begins with ` +
        `${protocol}//`,
    );
  }
  const web = protocol === "ws:" || protocol === "wss:";
  if (web && caFile !== undefined) {
    throw new Error(
      "Cannot connect by WebSocket with GHPO_NATS_CA as WebSockets use only the runtime's certificate authorities: unset it, and " +
        "name the file in NODE_EXTRA_CA_CERTS (Bun) or DENO_CERT (Deno)",
    );
  }
  const encrypted = protocol === "tls:" || protocol === "wss:" || caFile !== undefined;
  if (!encrypted && !["127.0.0.1", "localhost", "[::1]"].includes(hostname)) {
    throw new Error(
      `Cannot connect to ${hostname} in the clear: use tls:// (or wss://), with the file of your own certificate authority in GHPO_NATS_CA`,
    );
  }
  setSha256Backend("native"); // four times faster than the one in JavaScript
  const options = {
    user,
    pass,
    inboxPrefix: `_INBOX_${user}`, // so that no user hears what is said to another
    maxReconnectAttempts: -1,
  };
  try {
    if (web) return await wsconnect({ ...options, servers: url });
    return await connect({
      ...options,
      servers: url.replace(/^\w+:\/\//, ""),
      ...(encrypted && { tls: caFile === undefined ? {} : { caFile } }),
    });
  } catch (cause) {
    const why = cause instanceof AuthorizationError
      ? "it does not accept this GHPO_NATS_USER and GHPO_NATS_PASSWORD"
      : messageOf(cause);
    throw new Error(`Cannot connect to the NATS server at ${url}: ${why}`, { cause });
  }
}

/**
 * Makes the queue of jobs with its consumer, and the store of answers. Does nothing where they are.
 * @param ackWait seconds that a worker may be silent before its job goes to another
 */
export async function makeStreams(connection: NatsConnection, ackWait = ACK_WAIT_S): Promise<void> {
  const manager = await jetstreamManager(connection);
  const common = {
    storage: StorageType.File,
    duplicate_window: WINDOW_S * SECOND,
    max_age: WINDOW_S * SECOND,
  };
  const streams = [
    { name: JOBS, subjects: ["ghpo.job.*.*"], retention: RetentionPolicy.Workqueue, ...common },
    { name: ANSWERS, subjects: ["ghpo.answer.*.*.*"], ...common },
  ];
  for (const stream of streams) {
    const known = await manager.streams.info(stream.name).catch(() => manager.streams.add(stream));
    if (String(known.config.subjects) !== String(stream.subjects)) { // made by an older version
      await manager.streams.update(stream.name, { subjects: stream.subjects });
    }
  }
  await manager.consumers.info(JOBS, WORKERS).catch(() => addWorkers(manager, ackWait));
}

function addWorkers(manager: JetStreamManager, ackWait: number) {
  return manager.consumers.add(JOBS, {
    durable_name: WORKERS,
    ack_policy: AckPolicy.Explicit,
    ack_wait: ackWait * SECOND,
    max_ack_pending: -1,
  });
}

/** The new consumer begins with the first job that is left. */
async function remakeWorkers(manager: JetStreamManager, ackWait: number): Promise<void> {
  await manager.consumers.delete(JOBS, WORKERS);
  await addWorkers(manager, ackWait);
}

/**
 * Makes the consumer anew where it waits for jobs behind the last one: nats-server 2.9.10 counts the messages of an empty
 * queue from 1 again when it was killed, and the consumer not, which then gives nobody a job.
 */
export async function mendWorkers(connection: NatsConnection): Promise<void> {
  const manager = await jetstreamManager(connection);
  // In this order, as jobs may be stored and delivered in between.
  const { delivered, config } = await manager.consumers.info(JOBS, WORKERS);
  const { state } = await manager.streams.info(JOBS);
  if (delivered.stream_seq <= state.last_seq) return;
  await remakeWorkers(manager, config.ack_wait! / SECOND);
}

/**
 * Makes the consumer anew where it has passed over jobs: nats-server 2.9.10 moves it behind all jobs of a queue when those
 * of one subject are purged, other runs' and other calls' among them (2.15.1 does not). Jobs under way are then given out twice, which
 * costs time and nothing else.
 */
export async function redeliverSkipped(connection: NatsConnection): Promise<void> {
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info(JOBS); // first, as jobs may be stored in between
  const { num_pending, num_ack_pending, config } = await manager.consumers.info(JOBS, WORKERS);
  if (num_pending + num_ack_pending >= state.messages) return;
  await remakeWorkers(manager, config.ack_wait! / SECOND);
}
