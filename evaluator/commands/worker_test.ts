import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  AuthorizationError,
  ClosedConnectionError,
  ConnectionError,
  type NatsConnection,
  TimeoutError,
} from "@nats-io/transport-node";
import { connected } from "./worker.ts";

/** A server that fails to answer so, one attempt after another, and then does. */
function server(...causes: Error[]) {
  const connection = {} as NatsConnection;
  const connect = () => {
    const cause = causes.shift();
    return cause === undefined
      ? Promise.resolve(connection)
      : Promise.reject(new Error("Cannot connect to the NATS server", { cause }));
  };
  return { connection, connect };
}

describe("a worker's connection", () => {
  it("waits for a server that is not there, does not answer, or is killed before it has", async () => {
    const { connection, connect } = server(
      new ConnectionError("refused"),
      new TimeoutError(),
      Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }),
      new ClosedConnectionError(),
    );
    assert.equal(await connected("nats://127.0.0.1", connect, 1), connection);
  });

  it("does not wait where the server refuses it", async () => {
    const certificate = Object.assign(new Error("unknown authority"), {
      code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    });
    for (const cause of [new AuthorizationError("no"), certificate]) {
      const { connect } = server(cause);
      await assert.rejects(
        connected("nats://127.0.0.1", connect, 1),
        /^Error: Cannot connect to the NATS server$/,
      );
    }
  });
});
