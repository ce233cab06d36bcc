// Which calls the pool makes of the model, and that everybody gets what they asked for.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { PooledSampling } from "./pooled_sampling.ts";

const OPTIONS = { max_tokens: 4, temperature: 1, seed: 0, stop: [] };
const request = (prompt: number, samples: number) => ({
  prompt_ids: [prompt],
  samples,
  key: [0, prompt] as [number, number],
});

/** Answers with the prompt's token, and notes its calls. */
class Echo {
  readonly calls: number[][] = [];
  busy = 0;
  async generate(requests: ReturnType<typeof request>[]) {
    assert.equal(this.busy++, 0, "one at a time");
    this.calls.push(requests.map(({ prompt_ids }) => prompt_ids[0]!));
    await new Promise((resolve) => setTimeout(resolve, 5));
    this.busy--;
    if (requests.some(({ prompt_ids }) => prompt_ids[0] === 13)) throw new Error("device lost");
    return requests.map(({ prompt_ids, samples }) =>
      Array.from({ length: samples }, () => ({
        ids: prompt_ids,
        logprobs: [0],
        finish_reason: "length" as const,
      }))
    );
  }
}
const firstIds = (samples: Awaited<ReturnType<PooledSampling["sample"]>>) =>
  samples.map((all) => all[0]!.ids[0]);

describe("pooled sampling", () => {
  it("waits for enough rows, and gives each caller its own", async () => {
    const model = new Echo();
    const pool = new PooledSampling(model, 8);
    const all = await Promise.all([
      pool.sample([request(1, 4)], OPTIONS),
      pool.sample([], OPTIONS),
      pool.sample([request(2, 2), request(3, 2)], OPTIONS),
      pool.sample([request(4, 8)], OPTIONS),
    ]);
    assert.deepEqual(all.map(firstIds), [[1], [], [2, 3], [4]]);
    assert.deepEqual(model.calls, [[1, 2, 3], [4]]);
  });

  it("does not wait when told, or when time is up, and puts only like settings together", async () => {
    const model = new Echo();
    const pool = new PooledSampling(model, 100, 0.02);
    const two = [
      pool.sample([request(1, 1)], OPTIONS),
      pool.sample([request(2, 1)], { ...OPTIONS, seed: 1 }),
    ];
    pool.flush();
    assert.deepEqual((await Promise.all(two)).map(firstIds), [[1], [2]]);
    assert.deepEqual(firstIds(await pool.sample([request(3, 1)], OPTIONS)), [3]);
    assert.deepEqual(model.calls, [[1], [2], [3]]);
  });

  it("tells every caller of a failure, and goes on", async () => {
    const pool = new PooledSampling(new Echo(), 2);
    const two = [pool.sample([request(13, 1)], OPTIONS), pool.sample([request(1, 1)], OPTIONS)];
    for (const each of two) await assert.rejects(each, /device lost/);
    assert.deepEqual(firstIds(await pool.sample([request(2, 2)], OPTIONS)), [2]);
  });
});
