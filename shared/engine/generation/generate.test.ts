// When completions end, what a generator refuses, and the memory that it takes.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Gpu } from "#shared/engine/gpu/device.ts";
import { host, options, requests, withGenerator } from "./testing.ts";
import { roundedPool } from "./generate.ts";
import type { GenerationOptions } from "./requests.ts";

describe("Generator", () => {
  it("ends a completion where its caller says so, and goes on with the others", async () => {
    const requests = [[1, 5], [1, 9], [1, 7]].map((prompt_ids, i) => ({
      prompt_ids,
      samples: 2,
      key: [0, i] as [number, number],
    }));
    const own = { ...options, max_tokens: 40, greedy: false, eos_ids: [] };
    const [whole, ended] = await withGenerator({ rows: 3, block: 4 }, async (generator) => [
      (await generator.generate(requests, own)).flat(),
      (await generator.generate(requests, {
        ...own,
        ends: (ids) => ids[0]! % 2 === 0 && ids.length >= 6 ? 6 : undefined,
      }))
        .flat(),
    ]);
    assert.ok(whole!.some(({ ids }) => ids[0]! % 2 === 0) && whole!.some(({ ids }) => ids[0]! % 2 === 1));
    whole!.forEach(({ ids, logprobs, finish_reason }, i) => {
      const even = ids[0]! % 2 === 0;
      const expected = even
        ? { ids: ids.slice(0, 6), logprobs: logprobs.slice(0, 6), finish_reason: "stop" }
        : { ids, logprobs, finish_reason };
      assert.deepEqual(ended![i], expected);
    });
  });

  it("computes no block for a completion that has ended so, and says what it has looked at", async () => {
    const request = { prompt_ids: [1, 5], samples: 2, key: [0, 0] as [number, number] };
    const asked: [length: number, checked: number | undefined][] = [];
    let blocks = 0;
    await withGenerator({ rows: 2, block: 4 }, (generator) =>
      generator.generate([request], {
        ...{ ...options, max_tokens: 60, greedy: true, eos_ids: [] },
        ends: (ids, checked) => {
          asked.push([ids.length, checked]);
          return ids.length >= 10 ? 10 : undefined;
        },
        onProgress: () => void blocks++,
      }));
    assert.equal(blocks, 3);
    assert.deepEqual(asked, [[4, 0], [4, 0], [8, 4], [8, 4], [12, 8], [12, 8]]);
  });

  it("ends at any end token, which it keeps, or at max_tokens", () =>
    withGenerator({ rows: 5, block: 4 }, async (generator) => {
      const out = await generator.generate(requests, { ...options, eos_ids: [2, 30, 31] });
      const all = out.flat();
      const isEnd = (id: number) => [2, 30, 31].includes(id);
      for (const { ids, finish_reason, logprobs } of all) {
        assert.equal(ids.slice(0, -1).some(isEnd), false);
        assert.equal(finish_reason, isEnd(ids.at(-1)!) ? "stop" : "length");
        if (finish_reason === "length") assert.equal(ids.length, 20);
        assert.equal(logprobs.length, ids.length);
      }
      assert.deepEqual([...new Set(all.map(({ finish_reason }) => finish_reason))].sort(), [
        "length",
        "stop",
      ]);
    }));

  it("follows changed weights and keeps memory flat over calls", () =>
    withGenerator({ rows: 4 }, async (generator) => {
      const { model } = generator;
      const first = await generator.generate(requests, options);
      const bytes = model.gpu.liveBytes;
      assert.deepEqual(await generator.generate(requests, options), first);
      const parameter = model.layers[1]!.q_norm!;
      model.gpu.write(parameter.buffer, new Float32Array(parameter.cols));
      assert.notDeepEqual(await generator.generate(requests, options), first);
      assert.equal(model.gpu.liveBytes, bytes);
    }, "qwen3"));

  it("makes a pool of at most an eighth more than it needs, and few of them as prompts grow", () => {
    const sizes = Array.from({ length: 3000 }, (_, i) => roundedPool(i + 1));
    sizes.forEach((size, i) => assert.ok(size > i && size <= (i + 1) * 1.125, `${size} for ${i + 1}`));
    assert.equal(new Set(sizes.slice(1024, 2048)).size, 8);
    for (const size of sizes) assert.equal(roundedPool(size), size);
  });

  it("takes as many rows as fit into bindings", () =>
    withGenerator({}, async (generator) => {
      const { bindingBytes } = host;
      host.bindingBytes = 80_000; // 83 rows as small models are decoded, whose weights take 73 kB
      const sizes: number[] = [];
      host.allocate = function (label, bytes) {
        sizes.push(bytes);
        return Gpu.prototype.allocate.call(this, label, bytes);
      };
      const many = { prompt_ids: [5, 9], samples: 90, key: [0, 0] as const };
      await generator.generate([many], { ...options, max_tokens: 2 }).finally(() => {
        host.bindingBytes = bindingBytes;
        host.allocate = Gpu.prototype.allocate;
      });
      assert.ok(sizes.length > 0 && Math.max(...sizes) <= 80_000, String(sizes));
    }));

  const refusals: [Partial<GenerationOptions>, number[], string][] = [
    [{}, [], "a prompt must have at least one token: current prompt is empty"],
    [{}, [67], "prompt ids must be in 0 to 66: current id is 67"],
    [
      { max_tokens: 120 },
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
      "prompt and max_tokens must fit into the context of 128 tokens: current prompt has 9 tokens and max_tokens is 120",
    ],
    [{ max_tokens: 0 }, [1], "max_tokens must be a positive integer: current value is 0"],
    [{ temperature: 0 }, [1], "temperature must be above 0: current value is 0"],
  ];
  for (const [change, prompt_ids, reason] of refusals) {
    it(`refuses: ${reason}`, () =>
      withGenerator(
        {},
        (generator) =>
          assert.rejects(
            generator.generate([{ prompt_ids, samples: 1, key: [0, 0] }], { ...options, ...change }),
            {
              message: `Cannot generate as ${reason}`,
            },
          ),
      ));
  }
});
