// Kills workers and the server in the middle of sampling.   bun trainer/fleet/tools/kill_workers.ts [--kills 200] [--servers 10]
//
// One sampler asks for step after step; meanwhile one of four workers is killed with SIGKILL again and again and another
// started, and every now and then the server is killed and started. Every request must have its completions once, with the
// tokens of sampling here. The last line is the report.

import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { EOS, tinyTokenizer } from "../../loop/testing.ts";
import { RemoteSampler } from "../remote_sampler.ts";
import { FleetPolicy, LEARNER, TestServer, TOKENIZER } from "../testing.ts";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "200" }, servers: { type: "string", default: "10" } },
});
const wanted = { kills: Number(values.kills), servers: Number(values.servers) };
const WORKER_PROGRAM = fileURLToPath(new URL("unigram_worker.ts", import.meta.url));
const OPTIONS = { max_tokens: 12, temperature: 0.9, greedy: false, seed: 3, eos_ids: [EOS] };
const REQUESTS = 100;

const server = await TestServer.start();
const policy = new FleetPolicy();
const settings = {
  run: "kills",
  vocabulary: tinyTokenizer.vocabSize,
  micro_batch_tokens: 512,
  patience: 40,
  tokenizer: TOKENIZER,
};
const sampler = await RemoteSampler.open(server.url, policy, settings, () => {}, LEARNER);
const start = () =>
  Bun.spawn([process.execPath, WORKER_PROGRAM, server.url], { stdout: "ignore", stderr: "ignore" });
const workers = Array.from({ length: 4 }, start);

const report = {
  steps: 0,
  requests: 0,
  remote: 0,
  local: 0,
  refused: 0,
  wrong: 0,
  worker_kills: 0,
  server_kills: 0,
};
let done = false;
const killing = (async () => {
  for (let turn = 0; !done; turn++) {
    await Bun.sleep(100 + Math.random() * 200);
    const at = Math.floor(Math.random() * workers.length);
    workers[at]!.kill("SIGKILL");
    workers[at] = start();
    report.worker_kills++;
    if (turn % 20 === 19 && report.server_kills < wanted.servers) {
      await server.kill();
      report.server_kills++;
      await server.start();
    }
  }
})();
for (let step = 0; report.worker_kills < wanted.kills || report.server_kills < wanted.servers; step++) {
  const requests = Array.from({ length: REQUESTS }, (_, i) => ({
    prompt_ids: [1, 2, i % 5],
    samples: 3,
    key: [step, i] as [number, number],
  }));
  const expected = await policy.generate(requests, OPTIONS);
  const answers = await sampler.generate(requests, OPTIONS);
  const text = (samples: typeof answers) =>
    samples.map((all) => JSON.stringify(all.map(({ ids }) => Array.from(ids))));
  const [own, theirs] = [text(expected), text(answers)];
  report.wrong += own.filter((ids, i) => ids !== theirs[i]).length + Math.abs(own.length - theirs.length);
  for (const [name, count] of Object.entries(sampler.metrics())) {
    const key = name.replace("fleet/", "");
    if (key === "remote" || key === "local" || key === "refused") report[key] += count;
  }
  report.steps++;
  report.requests += REQUESTS;
  policy.logits[step % 8]! += 0.1;
}
done = true;
await killing;
for (const worker of workers) worker.kill("SIGKILL");
await sampler.close();
await server.close();
console.log(JSON.stringify(report));
process.exit(report.wrong === 0 && report.remote + report.local === report.requests ? 0 : 1);
