import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertClose, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { Activations } from "#shared/engine/forward/activations.ts";
import { pack } from "#shared/engine/forward/packing.ts";
import { forward } from "#shared/engine/forward/forward.ts";
import { Head } from "#shared/engine/forward/head.ts";
import { GgufFile, ggufOf } from "#shared/io/gguf.ts";
import { ggufConfig, GgufWeights } from "./gguf.ts";
import { loadConfig, loadModel } from "./load.ts";
import { inverseFrequencies } from "./rope.ts";
import { saveModel } from "./save.ts";
import reference from "./fixtures/tiny_gguf.json" with { type: "json" };

const path = `${import.meta.dirname}/fixtures/tiny.gguf`; // made by make_gguf.py

async function logits(from: string): Promise<Float32Array> {
  const gpu = await testGpu();
  const model = loadModel(gpu, from);
  const batch = pack([reference.ids]);
  const activations = new Activations(gpu, model.config, batch.tokens, { save: false });
  const head = new Head(gpu, model.config, batch.tokens);
  activations.load(batch);
  const rows = Uint32Array.from({ length: batch.tokens }, (_, i) => i);
  head.load(rows, rows.map(() => 0));
  await run((recorder) => {
    forward(recorder, model, activations);
    head.forward(recorder, model, activations.x, 1);
  });
  const stride = model.head.rows;
  const padded = await gpu.readFloats(head.logits, batch.tokens * stride);
  for (const part of [activations, head, model]) part.destroy();
  return padded.filter((_, i) => i % stride < model.config.vocab_size);
}

describe("a GGUF file", () => {
  it("has the weights that transformers dequantises from it, tensor by tensor", () => {
    const weights = new GgufWeights(new GgufFile(path));
    assert.deepEqual([...weights.tensors.keys()].sort(), Object.keys(reference.sums).sort());
    for (const [name, expected] of Object.entries(reference.sums)) {
      const data = weights.read(name);
      const sums = [data.reduce((sum, x) => sum + x, 0), data.reduce((sum, x) => sum + x * x, 0)];
      assertClose(sums, expected, 1e-5, name);
      const { shape } = weights.tensors.get(name)!;
      const rows = weights.read(name, shape, { first: 1, count: shape[0]! - 2 });
      const cols = data.length / shape[0]!;
      assert.deepEqual(rows, data.slice(cols, data.length - cols), `rows of ${name}`);
    }
    weights.close();
  });

  it("gives transformers' logits, and so does the directory that it is saved as", async () => {
    assertClose(await logits(path), reference.logits, 1e-4, "logits");
    const folder = mkdtempSync(join(tmpdir(), "ghpo-gguf-"));
    const model = loadModel(await testGpu(), path);
    await saveModel(model, folder);
    model.destroy();
    assert.deepEqual(await logits(folder), await logits(path));
    rmSync(folder, { recursive: true });
  });

  it("is found by its path, or alone in a directory", () => {
    const folder = mkdtempSync(join(tmpdir(), "ghpo-gguf-"));
    assert.equal(ggufOf(folder), undefined);
    writeFileSync(join(folder, "a.gguf"), readFileSync(path));
    assert.equal(ggufOf(folder), join(folder, "a.gguf"));
    assert.deepEqual(loadConfig(folder).eos_token_ids, [2]);
    writeFileSync(join(folder, "b.gguf"), "");
    assert.throws(() => ggufOf(folder), /holds 2 GGUF files: name one of them$/);
    for (
      const [text, message] of [["GGU", /ends within its header$/], [
        "nothing of that kind",
        /does not begin with GGUF$/,
      ]] as const
    ) {
      writeFileSync(join(folder, "b.gguf"), text);
      assert.throws(() => loadConfig(join(folder, "b.gguf")), { message });
    }
    rmSync(folder, { recursive: true });
  });

  const refusals: [string, Map<string, string | number>, RegExp][] = [
    [
      "another architecture",
      new Map([["general.architecture", "gemma"]]),
      /architecture must be one of llama, qwen2, qwen3: current value is gemma$/,
    ],
    ["adapters", new Map([["general.type", "adapter"]]), /must hold a model: its general.type is adapter$/],
    [
      "a part of a model",
      new Map([["split.count", 3]]),
      /is one of 3 parts of a model: join them with llama-gguf-split --merge$/,
    ],
    [
      "experts",
      new Map([["llama.expert_count", 8]]),
      /llama.expert_count is not implemented: current value is 8$/,
    ],
    [
      "part of a head rotated",
      new Map([["llama.rope.dimension_count", 8]]),
      /rope.dimension_count is not implemented: current value is 8$/,
    ],
    [
      "other scalings",
      new Map([["llama.rope.scaling.type", "longrope"]]),
      /rope.scaling.type is not implemented: current value is longrope$/,
    ],
  ];
  for (const [what, keys, message] of refusals) {
    it(`is refused with ${what}`, () => {
      const file = new GgufFile(path);
      const metadata = new Map([...file.metadata, ...keys]);
      const read = file.read.bind(file);
      assert.throws(() => ggufConfig({ path, metadata, tensors: file.tensors, read }), { message });
      file.close();
    });
  }

  it("has Llama 3's RoPE in the factors of its frequencies, and is refused with other factors", () => {
    const file = new GgufFile(path);
    const { metadata } = file;
    const tensors = new Map([...file.tensors, ["rope_freqs.weight", { shape: [8], type: 0, start: 0 }]]);
    file.close();
    const scaling = {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 96,
    } as const;
    const rope = { head_dim: 16, rope_theta: 1000 };
    const [plain, scaled] = [null, scaling].map((rope_scaling) =>
      inverseFrequencies({ ...rope, rope_scaling })
    );
    const factors = Float32Array.from(plain!, (own, i) => own / scaled![i]!);
    const read = (own: Float32Array<ArrayBuffer>) => ggufConfig({ path, metadata, tensors, read: () => own });
    assert.ok(factors.some((own) => own > 1 && own < 8));
    assert.deepEqual(read(factors)["rope_scaling"], scaling);
    const message = /rope_freqs\.weight must hold the factors of a Llama 3 model/;
    assert.throws(() => read(factors.map((own, i) => i === 2 ? own * 1.01 : own)), { message });
    assert.throws(() => read(factors.slice(0, 4)), { message });
  });
});
