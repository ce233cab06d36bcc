import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testGpu, unreadable } from "#shared/engine/gpu/testing.ts";
import { readJson } from "#shared/io/files.ts";
import { WeightFiles, writeWeights } from "#shared/io/weights.ts";
import type { HfTensor } from "./layout.ts";
import { layerKeys } from "./layer_kinds.ts";
import { checkEnds, checkWeights, loadConfig, loadModel } from "./load.ts";
import { readTensors, saveModel } from "./save.ts";
import { fixture, MODEL_FIXTURES } from "./testing.ts";

const HEAD = "lm_head.weight";
async function inFolder(test: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ghpo-model-"));
  try {
    await test(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("saveModel()", () => {
  for (
    const name of MODEL_FIXTURES
  ) {
    it(`writes the tensors and the configuration of ${name} as transformers did`, () =>
      inFolder(async (folder) => {
        const model = loadModel(await testGpu(), fixture(name));
        await saveModel(model, folder);
        model.destroy();
        const [ours, theirs] = [new WeightFiles(folder), new WeightFiles(fixture(name))];
        assert.deepEqual([...ours.tensors.keys()].sort(), [...theirs.tensors.keys()].sort());
        for (const [tensor, { shape }] of theirs.tensors) {
          assert.deepEqual(ours.read(tensor, shape), theirs.read(tensor), tensor);
        }
        ours.close();
        theirs.close();
        const { file: _, ...config } = loadConfig(folder);
        const { file: __, ...read } = loadConfig(fixture(name));
        assert.deepEqual(config, read);
        const json = (directory: string) => readJson(`${directory}/config.json`) as Record<string, unknown>;
        const written = json(fixture(name));
        if (written["sliding_window"]) {
          for (const key of [...Object.keys(layerKeys), "max_position_embeddings"]) {
            assert.deepEqual(json(folder)[key], written[key], key);
          }
        }
      }));
  }

  it("writes bf16 shards that load with the same numbers", () =>
    inFolder(async (folder) => {
      const model = loadModel(await testGpu(), fixture("qwen2")); // its weights are exact in bf16
      await saveModel(model, folder, { dtype: "BF16", maxShardBytes: 8192 });
      assert.ok(readdirSync(folder).includes("model.safetensors.index.json"));
      const again = loadModel(model.gpu, folder);
      assert.deepEqual(await readTensors(again), await readTensors(model));
      assert.equal((readJson(join(folder, "config.json")) as { dtype: string }).dtype, "bfloat16");
      model.destroy();
      again.destroy();
    }));
});

describe("loadModel() in 16 bits", () => {
  for (const dtype of ["bfloat16", "float16"] as const) {
    it(`keeps the numbers of a checkpoint that ${dtype} holds, in half the bytes`, async (t) => {
      const gpu = await testGpu();
      const reason = unreadable(gpu, dtype);
      if (reason) return t.skip(reason);
      const exact = loadModel(gpu, fixture("qwen2"));
      const model = loadModel(gpu, fixture("qwen2"), dtype);
      assert.deepEqual(await readTensors(model), await readTensors(exact));
      for (const [i, { buffer, rows }] of exact.parameters().entries()) {
        assert.equal(model.parameters()[i]!.buffer.size, buffer.size / (rows > 1 ? 2 : 1));
      }
      model.destroy();
      exact.destroy();
    });
  }
});

describe("saveModel() of a large model", () => {
  it("has every shard but the last on the disk before it reads what goes into the last", () =>
    inFolder(async (folder) => {
      const model = loadModel(await testGpu(), fixture("llama2"));
      const { gpu } = model;
      const seen: number[] = [];
      const readFloats = gpu.readFloats.bind(gpu);
      gpu.readFloats = (...range) => {
        seen.push(readdirSync(folder).filter((name) => name.endsWith(".safetensors")).length);
        return readFloats(...range);
      };
      try {
        await saveModel(model, folder, { maxShardBytes: 20_000 });
      } finally {
        gpu.readFloats = readFloats;
      }
      const shards = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));
      assert.ok(shards.length >= 4, `${shards}`);
      assert.equal(seen[0], 0);
      assert.equal(seen.at(-1), shards.length - 1);
      assert.equal(seen.length, model.parameters().length, "nothing is read twice");
      const again = loadModel(gpu, folder);
      assert.deepEqual(await readTensors(again), await readTensors(model));
      again.destroy();
      model.destroy();
    }));
});

describe("loadModel()", () => {
  const broken: [string, (tensors: Awaited<ReturnType<typeof readTensors>>) => unknown, RegExp][] = [
    [
      "missing",
      (tensors) => tensors.splice(tensors.findIndex(({ name }) => name === "model.norm.weight"), 1),
      /^Cannot load .* as tensor model\.norm\.weight is missing$/,
    ],
    [
      "foreign",
      (tensors) => tensors.push({ name: "model.extra.weight", shape: [1], data: new Float32Array(1) }),
      /^Cannot load .* as tensor model\.extra\.weight does not belong to its llama model$/,
    ],
    [
      "misshaped",
      (tensors) => Object.assign(tensors.at(-1)!, { shape: [32, 67] }),
      /^Cannot load .* as tensor lm_head\.weight must be \[67, 32\]: current shape is \[32, 67\]$/,
    ],
  ];
  for (const [what, breakIt, message] of broken) {
    it(`refuses a ${what} tensor and keeps no memory`, () =>
      inFolder(async (folder) => {
        const gpu = await testGpu();
        const model = loadModel(gpu, fixture("llama"));
        const tensors = await readTensors(model);
        model.destroy();
        breakIt(tensors);
        cpSync(join(fixture("llama"), "config.json"), join(folder, "config.json"));
        writeWeights(folder, tensors);
        const before = gpu.liveBytes;
        assert.throws(() => loadModel(gpu, folder), { message });
        assert.equal(gpu.liveBytes, before);
      }));
  }

  it("refuses tensors of a type that it does not read before it reads any", () =>
    inFolder((folder) => {
      cpSync(fixture("llama"), folder, { recursive: true });
      const path = join(folder, "model.safetensors");
      writeFileSync(path, readFileSync(path, "latin1").replace('"F32"', '"I32"'), "latin1");
      const message = /^Cannot load .* as tensor .* must be of type F32, F16 or BF16: current type is I32$/;
      assert.throws(() => checkWeights(folder), { message });
    }));

  for (const bad of [NaN, -Infinity]) {
    it(`refuses weights with ${bad}`, () =>
      inFolder(async (folder) => {
        const model = loadModel(await testGpu(), fixture("llama"));
        const tensors = await readTensors(model);
        model.destroy();
        tensors.find(({ name }) => name === "model.norm.weight")!.data[3] = bad;
        cpSync(join(fixture("llama"), "config.json"), join(folder, "config.json"));
        writeWeights(folder, tensors);
        assert.throws(() => loadModel(model.gpu, folder), {
          message:
            `Cannot load tensor model.norm.weight as its numbers must be finite: current number is ${bad}`,
        });
      }));
  }

  it("takes the end token of the tokenizer first, then those of generation_config.json or config.json", () =>
    inFolder((folder) => {
      const write = (name: string, json: unknown) => writeFileSync(join(folder, name), JSON.stringify(json));
      cpSync(join(fixture("llama"), "config.json"), join(folder, "config.json"));
      const ends = () => loadConfig(folder).eos_token_ids;
      assert.deepEqual(ends(), [2]);
      write("generation_config.json", { eos_token_id: [5, 6] });
      assert.deepEqual(ends(), [5, 6]);
      write("tokenizer_config.json", { eos_token: { content: "<|eot|>" } });
      assert.deepEqual(ends(), [5, 6], "without a tokenizer.json");
      write("tokenizer.json", {
        added_tokens: [{ id: 6, content: "<|eot|>" }],
        model: { vocab: [["a", -1]] },
      });
      assert.deepEqual(ends(), [6, 5]);
      write("tokenizer.json", { added_tokens: [], model: { vocab: { "<|eot|>": 7 } } });
      assert.deepEqual(ends(), [7, 5, 6]);
      write("tokenizer_config.json", {});
      assert.deepEqual(ends(), [5, 6]);
      write("special_tokens_map.json", { eos_token: "<|eot|>" });
      assert.deepEqual(ends(), [7, 5, 6]);
      write("tokenizer_config.json", { eos_token: "<|beyond|>", added_tokens_decoder: {} });
      write("tokenizer.json", { added_tokens: [{ id: 66, content: "last" }], model: { vocab: {} } });
      assert.deepEqual(ends(), [5, 6], "a token that would be the 68th of a table of 67");
      return Promise.resolve();
    }));

  it("names a model that nothing can end", () => {
    const config = { ...loadConfig(fixture("llama")), eos_token_ids: [] };
    assert.throws(() => checkEnds(config, "my/model"), {
      message: "Cannot generate with my/model as none of its files names an end token: set eos_token in " +
        "tokenizer_config.json or eos_token_id in generation_config.json",
    });
  });
});

describe("loadModel() of a tied head", () => {
  const heads: [string, (table: HfTensor) => HfTensor[], boolean, number][] = [
    [
      "takes a head that repeats the embeddings for them",
      (table) => [table, { ...table, name: HEAD }],
      true,
      0,
    ],
    [
      "takes the head for the embeddings where it alone is there",
      (table) => [{ ...table, name: HEAD }],
      true,
      0,
    ],
    [
      "keeps a head that differs as one of its own",
      (table) => [table, { ...table, name: HEAD, data: table.data.map((own) => own + 1) }],
      false,
      1,
    ],
  ];
  for (const [what, tables, tied, added] of heads) {
    it(what, () =>
      inFolder(async (folder) => {
        const original = loadModel(await testGpu(), fixture("qwen2"));
        const [table, ...rest] = await readTensors(original);
        original.destroy();
        cpSync(join(fixture("qwen2"), "config.json"), join(folder, "config.json"));
        writeWeights(folder, [...rest, ...tables(table!)]);
        const model = loadModel(original.gpu, folder);
        await saveModel(model, folder);
        const again = loadModel(original.gpu, folder);
        for (const own of [model, again]) {
          assert.equal(own.config.tie_word_embeddings, tied);
          const tensors = await readTensors(own);
          assert.deepEqual(tensors[0], table);
          assert.equal(tensors.at(-1)!.name, tied ? "model.norm.weight" : HEAD);
          if (!tied) assert.deepEqual(tensors.at(-1)!.data, table!.data.map((number) => number + added));
          own.destroy();
        }
      }));
  }
});
