import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type Gpu, LARGEST_COPY } from "#shared/engine/gpu/device.ts";
import { assertClose, noise, testGpu, unreadable } from "#shared/engine/gpu/testing.ts";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "#shared/io/half.ts";
import type { Dtype } from "#shared/engine/ops/storage/dtype.ts";
import { parseConfig } from "./config.ts";
import { forwardLogProbs } from "#shared/engine/forward/testing.ts";
import { Generator } from "#shared/engine/generation/generate.ts";
import { randomWeights } from "./initialise.ts";
import { readTensors } from "./save.ts";
import { readParameter, writeParameter } from "./storage.ts";
import { Model, parameterLayouts } from "./weights.ts";

const config = (tie_word_embeddings: boolean) =>
  parseConfig({
    model_type: "qwen2",
    hidden_size: 16,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    intermediate_size: 36,
    vocab_size: 701,
    tie_word_embeddings,
  });
const TYPES = [
  { stored: "bfloat16", rounded: (data: Float32Array) => bf16ToF32(f32ToBf16(data)) },
  { stored: "float16", rounded: (data: Float32Array) => f16ToF32(f32ToF16(data)) },
] as const;
type Rounded = typeof TYPES[number]["rounded"];

/** Matrices that 16 bits hold exactly, as in a checkpoint that is stored in them. */
function modelOf(gpu: Gpu, tied: boolean, dtype: Dtype, rounded: Rounded): Model {
  const model = new Model(gpu, config(tied), dtype);
  const weights = randomWeights(model.config, 3);
  for (const parameter of model.parameters()) {
    const data = parameter.rows > 1 ? rounded(weights.get(parameter.name)!) : noise(parameter.cols, 1);
    writeParameter(gpu, parameter, data);
  }
  return model;
}

/** Log-probs of a sequence, and completions with theirs, as small and as large models are decoded. */
async function outcome(model: Model) {
  const { gpu } = model;
  const ids = [700, 3, 64, 63, 128, 699];
  let generator = new Generator(model);
  const logProbs = await forwardLogProbs(model, ids, Uint32Array.from(ids.keys()), Uint32Array.from(ids));
  const options = { max_tokens: 6, temperature: 1, greedy: false, seed: 1, eos_ids: [] };
  const sample = () => generator.generate([{ prompt_ids: ids, samples: 3, key: [0, 0] }], options);
  const small = await sample();
  generator.destroy();
  gpu.largestCopy = 0;
  generator = new Generator(model);
  const large = await sample().finally(() => gpu.largestCopy = LARGEST_COPY);
  generator.destroy();
  return { logProbs, small, large };
}

const gpu = await testGpu();

for (const { stored, rounded } of TYPES) {
  const skip = unreadable(gpu, stored);
  describe(`weights in ${stored}`, { skip }, () => {
    for (const [name, tied] of [["tied", true], ["untied", false]] as const) {
      it(`give the bits of the same weights in f32, with a ${name} head`, async () => {
        const [exact, narrow] = [modelOf(gpu, tied, "float32", rounded), modelOf(gpu, tied, stored, rounded)];
        const expected = await outcome(exact);
        assert.deepEqual(await outcome(narrow), expected);
        const limit = gpu.bindingBytes;
        gpu.bindingBytes = 12_000; // 320 of 704 rows of 32 bytes
        assert.deepEqual(await outcome(narrow).finally(() => gpu.bindingBytes = limit), expected);
        assert.deepEqual(await readTensors(narrow), await readTensors(exact));
        for (const model of [exact, narrow]) model.destroy();
      });
    }

    it("take two bytes a number", () => {
      const before = gpu.liveBytes;
      const model = new Model(gpu, config(true), stored);
      const numbers = (matrices: boolean) =>
        parameterLayouts(model.config).filter(({ rows }) => rows > 1 === matrices)
          .reduce((sum, { rows, cols }) => sum + rows * cols, 0);
      assert.equal(gpu.liveBytes - before, 2 * numbers(true) + 4 * numbers(false));
      model.destroy();
      assert.equal(gpu.liveBytes, before);
    });

    it("are rounded to nearest and read with the products of their adapters, which are not", async () => {
      const model = new Model(gpu, config(true), stored);
      const { qkv } = model.layers[0]!;
      const data = noise(qkv.rows * qkv.cols, 5);
      writeParameter(gpu, qkv, data);
      assert.deepEqual(await readParameter(model, qkv), rounded(data));
      const rank = 4;
      const [a, b] = [noise(qkv.rows * rank, 6, 1e-3), noise(rank * 8, 7, 1e-3)];
      const product = { a: gpu.upload("a", a), b: gpu.upload("b", b), rank, scale: 0.5 };
      model.adapters.set("model.layers.0.self_attn.k_proj.weight", product); // columns 16 to 23
      model.unpacked = gpu.allocate("unpacked matrix", qkv.rows * qkv.cols * 4);
      const expected = rounded(data).map((w, i) => {
        const [row, col] = [Math.floor(i / qkv.cols), i % qkv.cols - 16];
        if (col < 0 || col >= 8) return w;
        for (let k = 0; k < rank; k++) w += 0.5 * a[row * rank + k]! * b[k * 8 + col]!;
        return w;
      });
      const actual = await readParameter(model, qkv);
      assertClose(actual, expected, 1e-7);
      assert.notDeepEqual(actual, rounded(data), "a change far below the steps of the type is kept");
      gpu.release(product.a, product.b, model.unpacked);
      model.destroy();
    });
  });
}

describe("weights in float16", { skip: unreadable(gpu, "float16") }, () => {
  it("are refused by name where one is too large", () => {
    const model = new Model(gpu, config(true), "float16");
    const { qkv } = model.layers[1]!;
    const data = new Float32Array(qkv.rows * qkv.cols);
    data[3 * qkv.cols + 25] = -65520; // of v
    const refused = (name: string, value: string) => ({
      name: "RangeError",
      message:
        `Cannot store tensor ${name} as float16 as its numbers must be at most 65504: current number is ${value}; ` +
        "bfloat16 has the range of float32",
    });
    const v = "model.layers.1.self_attn.v_proj.weight";
    assert.throws(() => writeParameter(gpu, qkv, data), refused(v, "-65520"));
    const { embed_tokens } = model;
    const rows = new Float32Array(2 * embed_tokens.cols).fill(65504, 0, 5).fill(1e9, 20);
    const table = "model.embed_tokens.weight";
    assert.throws(() => writeParameter(gpu, embed_tokens, rows, 7), refused(table, "1000000000"));
    model.destroy();
  });
});
