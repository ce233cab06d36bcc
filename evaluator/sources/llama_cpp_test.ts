// The endpoint source against an engine that is not ours: llama.cpp behind HTTP, whole and streamed.
// Needs what is not a dependency, in .cache/llama: node-llama-cpp, and any small chat model as model.gguf.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { syntheticTask } from "#shared/tasks/synthetic.ts";
import type { SampleOutput } from "../run/source.ts";
import type { Task } from "#shared/tasks/task.ts";
import { requestsOf } from "../run/request.ts";
import { OpenAiSource } from "./openai.ts";

const folder = fileURLToPath(import.meta.resolve("../../.cache/llama"));
const engine = `${folder}/node_modules/node-llama-cpp`;
const model = `${folder}/model.gguf`;
const missing = !existsSync(engine)
  ? "node-llama-cpp is not installed: npm install --prefix .cache/llama --no-save node-llama-cpp@3"
  : !existsSync(model)
  ? "there is no .cache/llama/model.gguf: put a small chat model there"
  : false;

describe("endpoint source against llama.cpp", { skip: missing }, () => {
  let server: Deno.ChildProcess;
  let endpoint = "";
  before(async () => {
    const script = fileURLToPath(import.meta.resolve("../testing/llama_server.mjs"));
    const args = [script, engine, model];
    server = new Deno.Command("node", { args, stdout: "piped", stderr: "null" }).spawn();
    const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
    endpoint = (await reader.read()).value?.trim() ?? "";
    assert.match(endpoint, /^http:/, "the server did not start");
    reader.releaseLock();
  });
  after(async () => {
    server.kill("SIGKILL");
    await server.stdout.cancel().catch(() => {});
    await server.status;
  });

  /** The answers to three questions and one with room for a few tokens only, by request. */
  async function ask(stream: boolean, temperature: number, seed = 0): Promise<SampleOutput[]> {
    const sampling = { temperature, top_p: 1, max_tokens: 24, stop: [] };
    const task: Task = { ...syntheticTask("chain", 1, 1), samples: 1, sampling };
    const requests = (await Array.fromAsync(requestsOf(task, { source: "test" }, seed))).slice(0, 3);
    requests.push({ ...requests[0]!, key: "short", sampling: { ...sampling, max_tokens: 3 } });
    const source = new OpenAiSource({
      ...{ endpoint, model: "any", concurrency: 4, timeoutMs: 120_000, attempts: 2, stream },
    });
    const outputs = new Map<string, SampleOutput>();
    for await (const events of source.complete(requests, new AbortController().signal)) {
      for (const event of events) {
        assert.ok("output" in event, "failure" in event ? event.failure : "");
        outputs.set(event.request.key, event.output);
      }
    }
    return requests.map(({ key }) => outputs.get(key)!);
  }
  const texts = (outputs: SampleOutput[]): string[] => outputs.map(({ text }) => text);

  it("gets the same greedy text whole, streamed and again", async () => {
    const whole = await ask(false, 0);
    assert.ok(texts(whole).every((text) => text !== ""));
    assert.deepEqual(texts(await ask(true, 0)), texts(whole));
    assert.deepEqual(texts(await ask(false, 0)), texts(whole));
  });

  it("reads why a completion ended, whole and streamed", async () => {
    for (const stream of [false, true]) assert.equal((await ask(stream, 0))[3]?.finish_reason, "length");
  });

  it("sends seeds that the engine honours", async () => {
    const first = texts(await ask(false, 1));
    assert.deepEqual(texts(await ask(false, 1)), first);
    assert.notDeepEqual(texts(await ask(false, 1, 1)), first);
  });
});
