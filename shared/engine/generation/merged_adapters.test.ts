import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { matmulNNRef } from "#shared/engine/ops/matmul/matmul.ref.ts";
import { parseConfig } from "#shared/engine/model/config.ts";
import { MergedAdapters } from "./merged_adapters.ts";
import { Model } from "#shared/engine/model/weights.ts";

describe("MergedAdapters", () => {
  it("multiply to the scaled products of all adapters, in their columns", async () => {
    const gpu = await testGpu();
    const config = parseConfig({
      model_type: "llama",
      hidden_size: 32,
      num_hidden_layers: 1,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      intermediate_size: 20,
      vocab_size: 40,
    });
    const model = new Model(gpu, config, "bfloat16");
    const { qkv } = model.layers[0]!; // columns: q 0 to 31, k 32 to 47, v 48 to 63
    const expected = new Float64Array(qkv.rows * qkv.cols);
    const adapters = [
      { name: "q", first: 0, cols: 32, rank: 8, scale: 0.5 },
      { name: "v", first: 48, cols: 16, rank: 4, scale: 2 },
    ].map(({ name, first, cols, rank, scale }, i) => {
      const [a, b] = [noise(qkv.rows * rank, i), noise(rank * cols, 10 + i)];
      for (const [at, value] of matmulNNRef(a, b, { rows: qkv.rows, cols, inner: rank }).entries()) {
        expected[Math.floor(at / cols) * qkv.cols + first + at % cols] = scale * value;
      }
      const product = { a: gpu.upload("a", a), b: gpu.upload("b", b), rank, scale };
      model.adapters.set(`model.layers.0.self_attn.${name}_proj.weight`, product);
      return product;
    });
    const merged = new MergedAdapters(model, qkv);
    await run((recorder) => merged.refresh(recorder));
    const [a, b] = [await gpu.readFloats(merged.a), await gpu.readFloats(merged.b)];
    assertClose(matmulNNRef(a, b, { rows: qkv.rows, cols: qkv.cols, inner: 12 }), expected, 1e-6);
    gpu.release(...adapters.flatMap(({ a, b }) => [a, b]));
    merged.destroy();
    model.destroy();
  });
});
