import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { Gpu, LARGEST_COPY } from "#shared/engine/gpu/device.ts";
import { assertClose, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { readJson } from "#shared/io/files.ts";
import { Activations } from "#shared/engine/forward/activations.ts";
import { pack } from "#shared/engine/forward/packing.ts";
import { forward } from "#shared/engine/forward/forward.ts";
import { Generator, roundedPool } from "./generate.ts";
import type { Generated, GenerationOptions, GenerationRequest } from "./requests.ts";
import { Head } from "#shared/engine/forward/head.ts";
import { parseConfig } from "#shared/engine/model/config.ts";
import { randomModel } from "#shared/engine/model/initialise.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import type { Model } from "#shared/engine/model/weights.ts";

const host = await testGpu();

interface Greedy {
  prompt_ids: number[];
  ids: number[];
}

const fixture = (name: string) => `${import.meta.dirname}/../model/fixtures/${name}`;
const shared = process.env.GHPO_SHARED ?? `${import.meta.dirname}/../../../../shared`;
const stories = `${shared}/models/stories260k`;

const options: GenerationOptions = {
  max_tokens: 20,
  temperature: 1,
  greedy: false,
  seed: 7,
  eos_ids: [2],
};
const prompts = [[5, 9, 44], [17], [3, 3, 18, 60, 21, 8, 50], [9, 31], [40, 41, 42, 43]];
const requests = prompts.map((prompt_ids, i) => ({ prompt_ids, samples: 1 + i % 3, key: [4, i] as const }));

/** Log-probabilities of a completion by the packed forward pass. */
async function recompute(model: Model, prompt: number[], ids: number[], temperature: number) {
  const batch = pack([[...prompt, ...ids]]);
  const activations = new Activations(model.gpu, model.config, batch.tokens, { save: false });
  const head = new Head(model.gpu, model.config, ids.length);
  activations.load(batch);
  head.load(Uint32Array.from(ids, (_, i) => prompt.length - 1 + i), Uint32Array.from(ids));
  await run((recorder) => {
    forward(recorder, model, activations);
    head.forward(recorder, model, activations.x, temperature);
  });
  const result = await model.gpu.readFloats(head.logProb, ids.length);
  activations.destroy();
  head.destroy();
  return result;
}

async function withGenerator<T>(
  settings: { rows?: number; block?: number },
  use: (generator: Generator) => Promise<T>,
  name = "llama",
): Promise<T> {
  const model = loadModel(await testGpu(), fixture(name));
  const generator = new Generator(model, settings);
  try {
    return await use(generator);
  } finally {
    generator.destroy();
    model.destroy();
  }
}

async function continuesAsTransformers(name: string): Promise<void> {
  await withGenerator({}, async (generator) => {
    const { greedy } = readJson(`${fixture(name)}/reference.json`) as { greedy: Greedy[] };
    const out = await generator.generate(
      greedy.map(({ prompt_ids }, i) => ({ prompt_ids, samples: 1, key: [0, i] })),
      { ...options, max_tokens: 24, greedy: true, eos_ids: [] },
    );
    assert.deepEqual(out.map(([completion]) => completion!.ids), greedy.map(({ ids }) => ids));
  }, name);
}

const noProgram = host.subgroups8
  ? false
  : "the test before has run that: the adapter has no subgroups of 8 lanes";

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

  for (
    const name of [
      "llama",
      "llama2",
      "llama_biases",
      "mistral",
      "qwen2",
      "qwen2_yarn",
      "qwen3",
      "smollm2",
      "smollm3",
    ]
  ) {
    it(`greedily continues as transformers on ${name}`, () => continuesAsTransformers(name));

    it(`greedily continues as transformers on ${name} layer by layer`, { skip: noProgram }, async () => {
      host.largestCopy = 0;
      await continuesAsTransformers(name).finally(() => host.largestCopy = LARGEST_COPY);
    });

    it(`gives log-probabilities within 1e-4 of recomputed ones on ${name}, T = 0.7`, () =>
      withGenerator({ rows: 4, block: 5 }, async (generator) => {
        const out = await generator.generate(requests, { ...options, temperature: 0.7 });
        for (const [i, completions] of out.entries()) {
          for (const { ids, logprobs } of completions) {
            const expected = await recompute(generator.model, prompts[i]!, ids, 0.7);
            const worst = Math.max(...logprobs.map((value, n) => Math.abs(value - expected[n]!)));
            assert.ok(worst <= 1e-4, `prompt ${i}: largest error ${worst}`);
          }
        }
      }, name));
  }

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

  it("gives the log-probabilities of the forward far beyond the sliding window", () =>
    withGenerator({ rows: 4, block: 5 }, async (generator) => {
      const prompt_ids = Array.from({ length: 30 }, (_, i) => 3 + i * 7 % 60); // the window has 21
      const long = { ...options, max_tokens: 60, eos_ids: [] };
      const [out] = await generator.generate([{ prompt_ids, samples: 3, key: [0, 0] }], long);
      for (const { ids, logprobs } of out!) {
        const expected = await recompute(generator.model, prompt_ids, ids, long.temperature);
        assertClose(logprobs, expected.slice(0, 60), 1e-4, "log-probs");
      }
    }, "mistral"));

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

  const skip = existsSync(stories) ? false : `${stories} is absent`;
  it("continues stories260K greedily with the 200 ids of its reference", { skip }, async () => {
    const reference = readJson(`${stories}/reference.json`) as { greedy_ids: number[] };
    const model = loadModel(await testGpu(), stories);
    const generator = new Generator(model);
    const [bos, ...ids] = reference.greedy_ids;
    const [[completion]] = await generator.generate(
      [{ prompt_ids: [bos!], samples: 1, key: [0, 0] }],
      { ...options, max_tokens: ids.length, greedy: true, eos_ids: [] },
    ) as [[Generated]];
    assert.deepEqual(completion.ids, ids);
    generator.destroy();
    model.destroy();
  });
});

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
