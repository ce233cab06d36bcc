// How fast weights pass through the object store.   bun trainer/fleet/tools/object_store.ts [--megabytes 540]

import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connectFleet } from "#shared/fleet/server.ts";
import { WeightStore } from "#shared/fleet/weights.ts";
import { LEARNER, TestServer, WORKER } from "../testing.ts";

const { values } = parseArgs({ options: { megabytes: { type: "string", default: "540" } } });
const megabytes = Number(values.megabytes);
const folder = mkdtempSync(join(tmpdir(), "ghpo-store-"));
const server = await TestServer.start();
const learner = await connectFleet(server.url, LEARNER);
const worker = await connectFleet(server.url, WORKER);
interface Lap {
  seconds: number;
  /** Processor seconds so far. */
  client: number;
  server: number;
}
function lap(): Lap {
  const { user, system } = process.cpuUsage();
  return {
    seconds: performance.now() / 1000,
    client: (user + system) / 1e6,
    server: server.processorSeconds(),
  };
}

try {
  const [made, opened] = [await WeightStore.open(learner, true), await WeightStore.open(worker, false)];
  for (let run = 0; run < 3; run++) {
    const file = openSync(join(folder, "model.safetensors"), "w");
    const chunk = crypto.getRandomValues(new Uint8Array(50_000)).toHex();
    for (let i = 0; i < megabytes * 10; i++) writeSync(file, chunk); // 100 kB each
    closeSync(file);
    const laps = [lap()];
    const digest = await made.publish(folder, ["model.safetensors"], null);
    laps.push(lap());
    const copy = mkdtempSync(join(folder, "copy-"));
    await opened.fetch(await opened.manifest(digest), copy);
    laps.push(lap());
    await made.remove(digest, []);
    rmSync(copy, { recursive: true });
    const between = (from: number, key: keyof Lap) => laps[from + 1]![key] - laps[from]![key];
    const rate = (from: number) => Math.round(megabytes / between(from, "seconds"));
    const cpu = (from: number, key: keyof Lap) => Number(between(from, key).toFixed(2));
    console.log(JSON.stringify({
      megabytes,
      put_mb_s: rate(0),
      get_mb_s: rate(1),
      put_cpu_s: { client: cpu(0, "client"), server: cpu(0, "server") },
      get_cpu_s: { client: cpu(1, "client"), server: cpu(1, "server") },
    }));
  }
} finally {
  await learner.close();
  await worker.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}
