import { describe, it } from "node:test";
import assert from "node:assert/strict";
import type { Gpu } from "#shared/gpu/device.ts";
import { assertClose, noise, run, testGpu } from "#shared/gpu/testing.ts";
import { bf16ToF32, f32ToBf16 } from "#shared/io/half.ts";
import type { Dtype } from "#shared/kernels/dtype.ts";
import { Activations } from "./activations.ts";
import { pack } from "./batch.ts";
import { parseConfig } from "./config.ts";
import { forward } from "./forward.ts";
import { Generator } from "./generate.ts";
import { Head } from "./head.ts";
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
const rounded = (data: Float32Array) => bf16ToF32(f32ToBf16(data));

/** Matrices that bf16 holds exactly, as in a checkpoint that is stored in it. */
function modelOf(gpu: Gpu, tied: boolean, dtype: Dtype): Model {
  const model = new Model(gpu, config(tied), dtype);
  const weights = randomWeights(model.config, 3);
  for (const parameter of model.parameters()) {
    const data = parameter.rows > 1 ? rounded(weights.get(parameter.name)!) : noise(parameter.cols, 1);
    writeParameter(gpu, parameter, data);
  }
  return model;
}

/** Log-probs of a sequence, and completions with theirs. */
async function outcome(model: Model) {
  const { gpu } = model;
  const ids = [700, 3, 64, 63, 128, 699];
  const activations = new Activations(gpu, model.config, ids.length, { save: false });
  const head = new Head(gpu, model.config, ids.length);
  const generator = new Generator(model);
  activations.load(pack([ids]));
  head.load(Uint32Array.from(ids.keys()), Uint32Array.from(ids));
  await run((recorder) => {
    forward(recorder, model, activations);
    head.forward(recorder, model, activations.x, 1);
  });
  const logProbs = await gpu.readFloats(head.logProb, ids.length);
  const completions = await generator.generate([{ prompt_ids: ids, samples: 3, key: [0, 0] }], {
    max_tokens: 6,
    temperature: 1,
    greedy: false,
    seed: 1,
    eos_ids: [],
  });
  for (const part of [generator, head, activations]) part.destroy();
  return { logProbs, completions };
}

describe("weights in bf16", () => {
  for (const [name, tied] of [["tied", true], ["untied", false]] as const) {
    it(`give the bits of the same weights in f32, with a ${name} head`, async () => {
      const gpu = await testGpu();
      const [exact, stored] = [modelOf(gpu, tied, "float32"), modelOf(gpu, tied, "bfloat16")];
      const expected = await outcome(exact);
      assert.deepEqual(await outcome(stored), expected);
      const limit = gpu.bindingBytes;
      gpu.bindingBytes = 12_000; // 320 of 704 rows of 32 bytes, unpacked 128 at a time
      assert.deepEqual(await outcome(stored).finally(() => gpu.bindingBytes = limit), expected);
      assert.deepEqual(await readTensors(stored), await readTensors(exact));
      for (const model of [exact, stored]) model.destroy();
    });
  }

  it("take two bytes a number, and one matrix of a block as f32", async () => {
    const gpu = await testGpu();
    const before = gpu.liveBytes;
    const model = new Model(gpu, config(true), "bfloat16");
    const numbers = (matrices: boolean) =>
      parameterLayouts(model.config).filter(({ rows }) => rows > 1 === matrices)
        .reduce((sum, { rows, cols }) => sum + rows * cols, 0);
    assert.equal(gpu.liveBytes - before, 2 * numbers(true) + 4 * numbers(false) + 4 * 16 * 72);
    model.destroy();
    assert.equal(gpu.liveBytes, before);
  });

  it("are rounded to nearest and read with the products of their adapters, which are not", async () => {
    const gpu = await testGpu();
    const model = new Model(gpu, config(true), "bfloat16");
    const { qkv } = model.layers[0]!;
    const data = noise(qkv.rows * qkv.cols, 5);
    writeParameter(gpu, qkv, data);
    assert.deepEqual(await readParameter(model, qkv), rounded(data));
    const rank = 4;
    const [a, b] = [noise(qkv.rows * rank, 6, 1e-3), noise(rank * 8, 7, 1e-3)];
    const product = { a: gpu.upload("a", a), b: gpu.upload("b", b), rank, scale: 0.5 };
    model.adapters.set("model.layers.0.self_attn.k_proj.weight", product); // columns 16 to 23
    const expected = rounded(data).map((w, i) => {
      const [row, col] = [Math.floor(i / qkv.cols), i % qkv.cols - 16];
      if (col < 0 || col >= 8) return w;
      for (let k = 0; k < rank; k++) w += 0.5 * a[row * rank + k]! * b[k * 8 + col]!;
      return w;
    });
    const actual = await readParameter(model, qkv);
    assertClose(actual, expected, 1e-7);
    assert.notDeepEqual(actual, rounded(data), "a change far below the steps of bf16 is kept");
    gpu.release(product.a, product.b);
    model.destroy();
  });
});
