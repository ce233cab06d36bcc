// The checkpoint source with a counting stand-in for the engine: batching, repeats and context limits.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import type { SampleRequest } from "../run/request.ts";
import type { SampleEvent } from "../run/source.ts";
import { CheckpointSource, type LocalModel } from "./checkpoint.ts";

class FakeModel implements LocalModel {
  readonly identity = { source: "checkpoint" };
  readonly context = { tokens: 20, name: "context" } as const;
  readonly calls: { rows: number; max_tokens: number; stop: readonly string[] }[] = [];

  encode(prompt: SampleRequest["prompt"]): number[] {
    return Array.from("text" in prompt ? prompt.text : "", (c) => c.charCodeAt(0));
  }

  unknownWord(): null {
    return null;
  }

  decode(ids: ArrayLike<number>): string {
    return Array.from(ids).join(" ");
  }

  generate(
    requests: { prompt_ids: number[]; samples: number; key: [number, number] }[],
    { max_tokens, stop }: { max_tokens: number; stop: readonly string[] },
  ) {
    this.calls.push({ rows: requests.reduce((n, r) => n + r.samples, 0), max_tokens, stop });
    return Promise.resolve(
      requests.map(({ samples, key }) =>
        Array.from({ length: samples }, (_, sample) => ({
          ids: [key[1] % 97, sample],
          logprobs: [-1, -1],
          finish_reason: "stop" as const,
        }))
      ),
    );
  }
}

function request(problem: string, repeat: number, text = "2+2", top_p = 1): SampleRequest {
  return {
    key: `${problem}/${repeat}`,
    benchmark: "b",
    problem_id: problem,
    repeat,
    prompt: { text },
    sampling: { temperature: 1, top_p, max_tokens: 16, stop: [] },
    seed: 0,
  };
}

async function all(model: FakeModel, requests: SampleRequest[], now = () => 0): Promise<SampleEvent[][]> {
  const batches: SampleEvent[][] = [];
  const source = new CheckpointSource(model, 5, now);
  for await (const batch of source.complete(requests, new AbortController().signal)) batches.push(batch);
  return batches;
}

describe("checkpoint source", () => {
  const many = Array.from({ length: 200 }, (_, p) => [0, 1, 2, 3].map((r) => request(`p${p}`, r))).flat();

  it("asks for all repeats of a problem at once, in batches that grow to 256 rows", async () => {
    const model = new FakeModel();
    const batches = await all(model, many);
    assert.deepEqual(model.calls.map(({ rows }) => rows), [32, 64, 128, 32, 256, 256, 32]);
    assert.deepEqual(batches.flat().map((event) => event.request.key), many.map(({ key }) => key));
  });

  it("asks a slow device for fewer rows at a time, but 32, in the same order", async () => {
    const model = new FakeModel();
    let time = 0;
    const generate = model.generate.bind(model);
    model.generate = (requests, options) => {
      time += requests.reduce((n, r) => n + r.samples, 0) * 1_000 * (model.calls.length > 0 ? 1 : 0.1);
      return generate(requests, options);
    };
    const batches = await all(model, many.slice(0, 160), () => time);
    assert.deepEqual(model.calls.map(({ rows }) => rows), [32, 64, 32, 32]);
    assert.deepEqual(
      batches.flat().map((event) => event.request.key),
      many.slice(0, 160).map(({ key }) => key),
    );
  });

  it("asks a model that takes several calls ahead of what it has, and keeps the order", async () => {
    class Slow extends FakeModel {
      readonly callsAtOnce = 3;
      most = 0;
      #busy = 0;
      #begun = 0;
      override async generate(...args: Parameters<FakeModel["generate"]>) {
        this.most = Math.max(this.most, ++this.#busy);
        await new Promise((resolve) => setTimeout(resolve, this.#begun++ % 2 ? 5 : 40)); // later ones end first
        this.#busy--;
        return await super.generate(...args);
      }
    }
    const requests = Array.from({ length: 300 }, (_, p) => [0, 1, 2, 3].map((r) => request(`p${p}`, r)))
      .flat();
    requests.splice(700, 0, request("full", 0, "1".repeat(20)));
    const model = new Slow();
    const [one, several] = [await all(new FakeModel(), requests), await all(model, requests)];
    assert.deepEqual(several.flat(), one.flat());
    assert.equal(model.most, 3);
  });

  it("gives a missing repeat the text it would have had in the whole run", async () => {
    const whole = await all(new FakeModel(), [0, 1, 2, 3].map((r) => request("p", r)));
    const [[only] = []] = await all(new FakeModel(), [request("p", 2)]);
    const same = whole.flat().find((event) => event.request.repeat === 2);
    assert.ok(only && same && "output" in only && "output" in same);
    assert.equal(only.output.text, same.output.text);
  });

  it("lets a long prompt end at the context and refuses one that fills it", async () => {
    const model = new FakeModel();
    const events = await all(model, [
      request("short", 0),
      request("long", 0, "1".repeat(15)),
      request("full", 0, "1".repeat(20)),
    ]);
    assert.deepEqual(model.calls.map(({ max_tokens }) => max_tokens), [16, 5]);
    const failed = events.flat().find((event) => event.request.problem_id === "full");
    assert.ok(failed && "failure" in failed);
    assert.equal(failed.failure, "the prompt has 20 tokens, the model's context 20");
  });

  it("tells the engine where answers end, and asks only what ends alike at once", async () => {
    const model = new FakeModel();
    const stopping = (problem: string, stop: string[]): SampleRequest => {
      const whole = request(problem, 0);
      return { ...whole, sampling: { ...whole.sampling, stop } };
    };
    await all(model, [stopping("a", ["Q:"]), stopping("b", []), stopping("c", ["Q:"])]);
    assert.deepEqual(model.calls.map(({ rows, stop }) => [rows, stop]), [[2, ["Q:"]], [1, []]]);
  });

  it("refuses to sample with top_p below 1, which the engine does not do", async () => {
    await assert.rejects(
      () => all(new FakeModel(), [request("p", 0, "2", 0.95)]),
      /top_p must be 1: current value is 0.95/,
    );
  });
});
