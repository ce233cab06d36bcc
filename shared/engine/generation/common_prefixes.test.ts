// Prompts that begin alike: their common beginning is computed once, and changes no bit.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Gpu } from "#shared/engine/gpu/device.ts";
import { host, noProgram, options, withGenerator } from "./testing.ts";
import type { Generated } from "./requests.ts";

describe("prompts that begin alike", () => {
  const ids = (count: number, seed: number) =>
    Array.from({ length: count }, (_, i) => (i * seed + 5 * seed) % 60);
  const [question, hint] = [ids(20, 7), ids(13, 11)];
  const plain = [1, 2, 3].map((seed) => [...question, ...ids(6, seed)]);
  const hinted = [1, 2, 3].map((seed) => [...question, ...ids(5, seed), ...hint, ...ids(3, 13)]);
  const requestsOf = (prompts: number[][], key: number) =>
    prompts.map((prompt_ids, i) => ({ prompt_ids, samples: 3, key: [key, i] as const }));

  for (const [kernels, subgroups] of [["", true], [", portable kernels", false]] as const) {
    for (const name of ["llama", "qwen3"]) {
      it(`are completed as alone, whatever is in the cache (${name}${kernels})`, async () => {
        const { subgroups8 } = host;
        host.subgroups8 &&= subgroups;
        const alone: Generated[][] = [];
        for (const request of [...requestsOf(plain, 0), ...requestsOf(hinted, 1)]) {
          alone.push(...await withGenerator({}, (generator) => generator.generate([request], options), name));
        }
        const counts: number[] = [];
        for (const rows of [256, 4, 2]) { // with few rows prompts come one after the other, and the pool is small
          await withGenerator({ rows }, async (generator) => {
            const first = await generator.generate(requestsOf(plain, 0), options);
            counts.push(generator.prefilledTokens);
            const second = await generator.generate(requestsOf(hinted, 1), { ...options, extend: true });
            counts.push(generator.prefilledTokens);
            assert.deepEqual([...first, ...second], alone);
            assert.deepEqual(await generator.generate(requestsOf(hinted, 1), options), second);
          }, name);
        }
        // Stems: the question once and 5 tokens each; then of each the hint and 2 tokens more.
        assert.deepEqual(counts.slice(0, 2), [20 + 3 * 5, 20 + 3 * 5 + 3 * (13 + 2)]);
        host.subgroups8 = subgroups8;
      });
    }
  }

  it("are extended with the weights that were packed before, which a larger decoder packs again", {
    skip: noProgram,
  }, () =>
    withGenerator({}, async (generator) => {
      let packed = 0;
      host.kernel = function (label, ...rest) {
        if (label === "pack_decode") packed++;
        return Gpu.prototype.kernel.call(this, label, ...rest);
      };
      try {
        await generator.generate(requestsOf(plain, 0), options);
        const once = packed;
        assert.ok(once > 0);
        const extended = { ...options, extend: true };
        const first = await generator.generate(requestsOf(hinted, 0), extended);
        assert.equal(packed, 2 * once, "the pool has grown");
        await generator.generate(requestsOf(hinted, 0), extended);
        assert.equal(packed, 3 * once, "and again, as all of the prompts are kept");
        assert.deepEqual(await generator.generate(requestsOf(hinted, 0), extended), first);
        assert.equal(packed, 3 * once);
        await generator.generate(requestsOf(plain, 0), options);
        assert.equal(packed, 4 * once, "the weights may be others");
      } finally {
        host.kernel = Gpu.prototype.kernel;
      }
    }));

  it("are computed anew unless the weights are said to be the same", async () => {
    await withGenerator({}, async (generator) => {
      await generator.generate(requestsOf(plain, 0), options);
      const before = generator.prefilledTokens;
      await generator.generate(requestsOf(plain, 0), options);
      assert.equal(generator.prefilledTokens, 2 * before);
      await generator.generate(requestsOf(plain, 0), { ...options, extend: true });
      assert.equal(generator.prefilledTokens, 2 * before, "all of it is there");
      await generator.generate([], options);
      await generator.generate(requestsOf(plain, 0), { ...options, extend: true });
      assert.equal(generator.prefilledTokens, 3 * before, "a call that asks for nothing forgets, too");
    });
  });
});
