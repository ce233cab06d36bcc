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
try {
  const [made, opened] = [await WeightStore.open(learner, true), await WeightStore.open(worker, false)];
  for (let run = 0; run < 3; run++) {
    const file = openSync(join(folder, "model.safetensors"), "w");
    const chunk = crypto.getRandomValues(new Uint8Array(50_000)).toHex();
    for (let i = 0; i < megabytes * 10; i++) writeSync(file, chunk); // 100 kB each
    closeSync(file);
    const times = [performance.now()];
    const digest = await made.publish(folder, ["model.safetensors"], null);
    times.push(performance.now());
    const copy = mkdtempSync(join(folder, "copy-"));
    await opened.fetch(await opened.manifest(digest), copy);
    times.push(performance.now());
    await made.remove(digest, []);
    rmSync(copy, { recursive: true });
    const rate = (from: number) => Math.round(megabytes / ((times[from + 1]! - times[from]!) / 1000));
    console.log(JSON.stringify({ megabytes, put_mb_s: rate(0), get_mb_s: rate(1) }));
  }
} finally {
  await learner.close();
  await worker.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}
