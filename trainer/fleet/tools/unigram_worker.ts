// A worker without GPU, to be killed.   bun trainer/fleet/tools/unigram_worker.ts URL

import { connectFleet } from "#shared/fleet/server.ts";
import { work } from "#shared/fleet/worker.ts";
import { FleetWorker, WORKER } from "../testing.ts";

const connection = await connectFleet(process.argv[2]!, WORKER);
await work(connection, new FleetWorker(() => Bun.sleep(5)), new AbortController().signal, () => {});
