// A request gives the same completions whatever runs beside it, and whichever kernels decode it.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Gpu, LARGEST_COPY } from "#shared/engine/gpu/device.ts";
import { parseConfig } from "#shared/engine/model/config.ts";
import { randomModel } from "#shared/engine/model/initialise.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import { host, noProgram, options, requests, withGenerator } from "./testing.ts";
import { Generator } from "./generate.ts";
import type { Generated, GenerationRequest } from "./requests.ts";
import { fixture } from "#shared/engine/model/testing.ts";

describe("Generator", () => {
  const whatever = "gives the same completions whatever the rows, the block and the order of requests";
  const many = [...requests, { prompt_ids: [11, 12], samples: 8, key: [4, 9] as const }]; // 17 rows are more than a tile
  for (
    const [how, largestCopy, skip] of [["", LARGEST_COPY, false], [" layer by layer", 0, noProgram]] as const
  ) {
    it(whatever + how, { skip }, async () => {
      const generated = (settings: { rows?: number; block?: number }, own: GenerationRequest[]) => {
        host.largestCopy = largestCopy;
        return withGenerator(settings, (generator) => generator.generate(own, options))
          .finally(() => host.largestCopy = LARGEST_COPY);
      };
      const results: Generated[][][] = [];
      for (const settings of [{}, { rows: 1, block: 1 }, { rows: 3, block: 7 }]) {
        results.push(await generated(settings, many));
      }
      results.push((await generated({ rows: 4 }, many.toReversed())).reverse());
      for (const result of results.slice(1)) assert.deepEqual(result, results[0]);
      const samples = results[0]![2]!.map(({ ids }) => String(ids));
      assert.equal(new Set(samples).size, samples.length, "samples of a prompt differ");
    });
  }

  // Beside fixtures with everything that a model may have: heads that are wide, many, in odd groups, and norms of them.
  const wide = {
    model_type: "qwen3",
    hidden_size: 36,
    num_hidden_layers: 2,
    intermediate_size: 52,
    num_attention_heads: 9,
    num_key_value_heads: 3,
    head_dim: 32,
    vocab_size: 67,
    max_position_embeddings: 128,
    rms_norm_eps: 1e-6,
  };
  const shapes = { wide, narrow: { ...wide, num_attention_heads: 20, num_key_value_heads: 2, head_dim: 16 } };
  for (const name of ["llama", "llama_biases", "mistral", "smollm3", "wide", "narrow"]) {
    for (const greedy of [false, true]) {
      const how = `${greedy ? "greedily" : "at random"} on ${name}`;
      it(`computes few rows each by itself, a block in one dispatch, with the bits of tiles, ${how}`, {
        skip: noProgram,
      }, async () => {
        const shape = shapes[name as keyof typeof shapes];
        const model = shape ? randomModel(host, parseConfig(shape), 3) : loadModel(host, fixture(name));
        const generator = new Generator(model);
        const used = new Map<string, number>();
        host.kernel = function (label, ...rest) {
          used.set(label, (used.get(label) ?? 0) + 1);
          return Gpu.prototype.kernel.call(this, label, ...rest);
        };
        try {
          const prompt_ids = Array.from({ length: 40 }, (_, i) => 3 + i * 11 % 60);
          const request = (samples: number) => [{ prompt_ids, samples, key: [1, 2] as const }];
          const own = { ...options, max_tokens: 50, greedy, eos_ids: [2, 30] };
          const [tiles] = await generator.generate(request(9), own);
          assert.ok(used.has("decode_step of 8 rows"));
          const before = used.get("decode_row") ?? 0; // of the last of the nine
          const [rows] = await generator.generate(request(3), own);
          assert.deepEqual(rows, tiles!.slice(0, 3));
          const longest = Math.max(...rows!.map(({ ids }) => ids.length));
          assert.equal(used.get("decode_row")! - before, Math.ceil(longest / 16));
        } finally {
          host.kernel = Gpu.prototype.kernel;
          generator.destroy();
          model.destroy();
        }
      });
    }
  }

  const noSubgroups = host.subgroups8 ? false : "the adapter has no subgroups of 8 lanes";
  it("gives the same completions with portable kernels", { skip: noSubgroups }, async () => {
    const results: Generated[][][] = [];
    for (const subgroups8 of [true, false]) {
      host.subgroups8 = subgroups8;
      results.push(await withGenerator({}, (generator) => generator.generate(requests, options), "qwen2"));
    }
    host.subgroups8 = true;
    const ids = results.map((result) => result.flat().map((completion) => completion.ids));
    assert.deepEqual(ids[0], ids[1]);
  });
});
