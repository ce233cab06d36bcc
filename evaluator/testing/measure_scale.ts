// Measures scoring of a journal that is larger than memory should be: seconds and most resident memory, for a size and
// a half of it, which shows whether time is linear. Also requests of 0.3 s against a plain client.
// deno run -A evaluator/testing/measure_scale.ts [GB]            (needs three times the size on the disk)

import { fileURLToPath } from "node:url";

const main = fileURLToPath(import.meta.resolve("../main.ts"));
const folder = Deno.makeTempDirSync();
const SAMPLES = 64;
const TEXT = "We add the terms one after another, carry what has to be carried, and check the sum. ".repeat(
  46,
);

/** A journal of `bytes`, for problems of a task file, and the task file. */
function write(bytes: number): { task: string; journal: string; size: number; samples: number } {
  const task = `${folder}/task.toml`;
  const journal = `${folder}/big.jsonl`;
  const file = Deno.openSync(journal, { write: true, create: true, truncate: true });
  const encoder = new TextEncoder();
  const questions: string[] = [];
  let size = 0;
  let samples = 0;
  for (let i = 0; size < bytes; i++) {
    questions.push(
      JSON.stringify({ id: `p${i}`, question: `What is ${i} + 1?`, answer: String(i + 1) }) + "\n",
    );
    let lines = "";
    for (let repeat = 0; repeat < SAMPLES; repeat++, samples++) {
      const key = `${i}/${repeat}`.padEnd(64, "0");
      const text = `${TEXT}So it is \\boxed{${i + (repeat % 3)}}.`;
      const more = { finish_reason: "stop", tokens: 900, attempts: 1, latency_ms: 1 };
      lines += JSON.stringify({
        type: "sample",
        key,
        benchmark: "big",
        problem_id: `p${i}`,
        repeat,
        text,
        ...more,
      }) + "\n";
    }
    const chunk = encoder.encode(lines);
    for (let at = 0; at < chunk.length;) at += file.writeSync(chunk.subarray(at));
    size += chunk.length;
  }
  file.close();
  Deno.writeTextFileSync(`${folder}/questions.jsonl`, questions.join(""));
  Deno.writeTextFileSync(task, `name = "big"\nfiles = ["questions.jsonl"]\nsamples = ${SAMPLES}\n`);
  return { task, journal, size, samples };
}

/** `cpu_seconds` counts what this process alone took: on a shared machine, that is what grows with the work. */
interface Measured {
  seconds: number;
  cpu_seconds: number;
  mebibytes: number;
  code: number;
}

/** Runs the evaluator and watches its memory. */
async function evaluate(args: string[]): Promise<Measured> {
  const begun = performance.now();
  const flags = ["run", "--no-prompt", "--no-check", "-A", main, ...args];
  const child = new Deno.Command(Deno.execPath(), { args: flags, stdout: "null" }).spawn();
  let most = 0;
  let ticks = 0;
  let over = false;
  const watching = (async () => {
    while (!over) {
      const status = await Deno.readTextFile(`/proc/${child.pid}/status`).catch(() => "");
      most = Math.max(most, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
      const stat = await Deno.readTextFile(`/proc/${child.pid}/stat`).catch(() => "");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      ticks = Math.max(ticks, Number(fields[11] ?? 0) + Number(fields[12] ?? 0)); // user and system time
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  const { code } = await child.status;
  over = true;
  await watching;
  return {
    seconds: (performance.now() - begun) / 1000,
    cpu_seconds: ticks / 100,
    mebibytes: Math.round(most),
    code,
  };
}

/** Seconds for `count` requests of 0.3 s with 256 in flight: the evaluator's source and a plain client. */
async function requests(count: number): Promise<{ evaluator: number; plain: number }> {
  const { OpenAiSource } = await import("../sources/openai.ts");
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    await request.text();
    await new Promise((resolve) => setTimeout(resolve, 300));
    return Response.json({ choices: [{ index: 0, message: { content: "#### 1" }, finish_reason: "stop" }] });
  });
  const endpoint = `http://127.0.0.1:${server.addr.port}/v1`;
  const asked = Array.from({ length: count }, (_, i) => ({
    ...{ key: `k${i}`, benchmark: "b", problem_id: `p${i}`, repeat: 0, seed: i },
    prompt: { messages: [{ role: "user" as const, content: `q${i}` }] },
    sampling: { temperature: 0, top_p: 1, max_tokens: 8, stop: [] },
  }));
  const plain = async (): Promise<void> => {
    let next = 0;
    await Promise.all(Array.from({ length: 256 }, async () => {
      while (next < count) {
        const body = JSON.stringify({ model: "m", messages: asked[next++]!.prompt.messages });
        await (await fetch(`${endpoint}/chat/completions`, { method: "POST", body })).json();
      }
    }));
  };
  const own = async (): Promise<void> => {
    const source = new OpenAiSource({
      ...{ endpoint, model: "m", concurrency: 256, timeoutMs: 60_000, attempts: 6, stream: false },
    });
    let done = 0;
    for await (const events of source.complete(asked, new AbortController().signal)) done += events.length;
    if (done !== count) throw new Error(`${done} of ${count} answers`);
  };
  const seconds = async (work: () => Promise<void>): Promise<number> => {
    const begun = performance.now();
    await work();
    return (performance.now() - begun) / 1000;
  };
  await plain(); // connections are open and the code is compiled by then
  const best = { evaluator: Infinity, plain: Infinity };
  for (let i = 0; i < 3; i++) {
    best.plain = Math.min(best.plain, await seconds(plain));
    best.evaluator = Math.min(best.evaluator, await seconds(own));
  }
  await server.shutdown();
  return best;
}

console.log(JSON.stringify({ load_average: Deno.loadavg(), requests_960: await requests(960) }));
const gigabytes = Number(Deno.args[0] ?? 2);
for (const share of [0.5, 1]) {
  const { task, journal, size, samples } = write(gigabytes * share * 1e9);
  const scored = await evaluate([
    "--completions",
    journal,
    "--benchmarks",
    task,
    "--out",
    `${folder}/big.json`,
  ]);
  const report = await evaluate(["report", `${folder}/big.json`]);
  console.log(JSON.stringify({ journal_bytes: size, samples, scored, report }));
}
Deno.removeSync(folder, { recursive: true });
