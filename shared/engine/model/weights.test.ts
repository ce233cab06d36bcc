import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { noise } from "#shared/engine/gpu/testing.ts";
import { sha256 } from "#shared/io/hash.ts";
import { parseConfig } from "./config.ts";
import { cosineOfTurn, logarithm, randomWeights } from "./initialise.ts";
import type { Rows } from "#shared/io/tensor_file.ts";
import { fromHf, rowBlocks, type TensorSource, toHf } from "./layout.ts";
import { parameterLayouts } from "./weights.ts";

const qwen2 = parseConfig({
  model_type: "qwen2",
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  intermediate_size: 12,
  vocab_size: 7,
  tie_word_embeddings: false,
});

describe("weights", () => {
  it("cuts every parameter into Hugging Face tensors and joins them again", () => {
    for (const layout of parameterLayouts(qwen2)) {
      const data = noise(layout.rows * layout.cols, 3);
      if (layout.name === "embed_tokens" || layout.name === "lm_head") data.fill(0, 7 * 16); // padding
      const tensors = new Map(toHf(layout, data).map((tensor) => [tensor.name, tensor]));
      const read = ({ name, shape: [, inner = 1] }: TensorSource, { first, count }: Rows) =>
        tensors.get(name)!.data.subarray(first * inner, (first + count) * inner);
      assert.deepEqual(fromHf(layout, read), data, layout.name);
    }
  });

  it("reads tensors in blocks of whole rows, about four megabytes each", () => {
    const [numbers, inner] = [3 << 20, 1000];
    const blocks = [...rowBlocks([Math.ceil(numbers / inner), inner])];
    assert.deepEqual(blocks.map(({ first }) => first), [0, 1048, 2096, 3144]);
    assert.equal(blocks.reduce((sum, { count }) => sum + count, 0), Math.ceil(numbers / inner));
    assert.deepEqual([...rowBlocks([2, 5 << 20])], [{ first: 0, count: 1 }, { first: 1, count: 1 }]);
    assert.deepEqual([...rowBlocks([7])], [{ first: 0, count: 7 }]);
  });

  it("puts element (o, i) of k_proj at row i, column heads * head_dim + o", () => {
    const layout = parameterLayouts(qwen2).find(({ name }) => name === "layers.1.qkv")!;
    const data = noise(layout.rows * layout.cols, 1);
    const k = toHf(layout, data).find(({ name }) => name === "model.layers.1.self_attn.k_proj.weight")!;
    assert.deepEqual(k.shape, [8, 16]);
    assert.equal(k.data[3 * 16 + 5], data[5 * 32 + 16 + 3]);
  });

  it("names the tensors of an untied Qwen2 as transformers does", () => {
    const names = parameterLayouts(qwen2).flatMap(({ sources }) => sources.map(({ name }) => name));
    assert.equal(names.length, 1 + 2 * 12 + 2);
    assert.ok(names.includes("model.layers.0.self_attn.v_proj.bias"));
    assert.equal(names.at(-1), "lm_head.weight");
  });

  it("repeats random weights from the seed and leaves padding rows zero", () => {
    const [a, b, c] = [1, 1, 2].map((seed) => randomWeights(qwen2, seed).get("embed_tokens")!);
    assert.deepEqual(a, b);
    assert.notDeepEqual(a, c);
    assert.ok(a!.subarray(112).every((value) => value === 0));
    assert.ok(a!.subarray(0, 112).every((value) => value !== 0));
  });

  it("draws the same bits on every host", () => {
    const embeddings = randomWeights(qwen2, 1).get("embed_tokens")!;
    assert.equal(
      sha256(new Uint8Array(embeddings.buffer)),
      "88ba459fcfc347358cb92a35ef8071f73cfa5fbe282ae65b137eadacea096844",
    );
    for (let i = 0; i < 1000; i++) {
      const x = (i + 0.5) / 1000;
      assert.ok(Math.abs(logarithm(x) - Math.log(x)) <= 2e-15, `ln ${x}`);
      assert.ok(Math.abs(cosineOfTurn(x) - Math.cos(2 * Math.PI * x)) <= 2e-15, `cos(2 pi ${x})`);
    }
  });
});
