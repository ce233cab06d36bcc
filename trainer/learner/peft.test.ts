import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { assertClose, noise, testGpu, unreadable } from "#shared/engine/gpu/testing.ts";
import { readJson } from "#shared/io/files.ts";
import { SafetensorsFile } from "#shared/io/safetensors.ts";
import { loadConfig, loadModel } from "#shared/engine/model/load.ts";
import { readTensors } from "#shared/engine/model/save.ts";
import { Learner } from "./learner.ts";
import { Optimizer } from "./optimizer.ts";
import { Lora, type LoraSettings } from "#shared/engine/lora/lora.ts";
import {
  adapterSettings,
  checkAdapter,
  loadAdapters,
  mergeAdapters,
  readAdapterSettings,
  saveAdapters,
} from "#shared/engine/lora/peft.ts";
import { fixture } from "#shared/engine/model/testing.ts";

const settings = { r: 4, lora_alpha: 8, target_modules: ["k_proj", "down_proj"] };
const QWEN2 = fixture("qwen2");
const directory = mkdtempSync(join(tmpdir(), "ghpo-peft-"));
after(() => rmSync(directory, { recursive: true }));

async function make(own: LoraSettings) {
  const model = loadModel(await testGpu(), fixture("llama"));
  return { model, lora: new Lora(model, own, 8, 3) };
}

describe("PEFT files", () => {
  it("bring back the merged model bit for bit", async () => {
    const first = await make(settings);
    first.lora.parameters().forEach(({ buffer }, i) =>
      first.lora.gpu.write(buffer, noise(buffer.size / 4, i))
    );
    first.lora.merge();
    await saveAdapters(first.lora, directory, "base");
    assert.deepEqual(readAdapterSettings(directory), {
      ...settings,
      use_rslora: false,
      rank_pattern: {},
      alpha_pattern: {},
    });
    const second = await make(readAdapterSettings(directory));
    loadAdapters(second.lora, directory);
    assert.deepEqual(await readTensors(second.model), await readTensors(first.model));
    for (const { model, lora } of [first, second]) [lora, model].forEach((part) => part.destroy());
  });

  for (const name of ["peft", "peft_patterns"]) {
    const folder = `${import.meta.dirname}/../parity/fixtures/${name}`; // made by peft_adapters.py
    const { ids, logprobs } = readJson(join(folder, "reference.json")) as {
      ids: number[];
      logprobs: number[];
    };
    for (const dtype of ["float32", "bfloat16", "float16"] as const) {
      it(`of the PEFT library (${name}) give its log-probs, beside weights in ${dtype}`, async (t) => {
        const reason = unreadable(await testGpu(), dtype);
        if (reason) return t.skip(reason);
        const model = loadModel(await testGpu(), QWEN2, dtype);
        const lora = new Lora(model, readAdapterSettings(folder), 32, 3);
        loadAdapters(lora, folder);
        const learner = new Learner(model, { micro_batch_tokens: 32, temperature: 1 }, lora);
        const scores = await learner.forward([{ ids, prompt_length: 1 }]);
        assertClose(scores.logprobs[0]!, logprobs, 1e-4, "log-probs");
        [learner, lora, model].forEach((part) => part.destroy());
      });
    }

    it(`of the PEFT library (${name}) are merged for good, and written as they were read`, async () => {
      const gpu = await testGpu();
      const before = gpu.liveBytes;
      const model = loadModel(gpu, QWEN2);
      mergeAdapters(model, folder);
      const learner = new Learner(model, { micro_batch_tokens: 32, temperature: 1 });
      const scores = await learner.forward([{ ids, prompt_length: 1 }]);
      assertClose(scores.logprobs[0]!, logprobs, 1e-4, "log-probs");
      const lora = new Lora(model, readAdapterSettings(folder), 32, 3);
      loadAdapters(lora, folder);
      const copy = mkdtempSync(join(tmpdir(), "ghpo-peft-"));
      await saveAdapters(lora, copy, "base");
      assert.deepEqual(readAdapterSettings(copy), readAdapterSettings(folder));
      const [ours, theirs] = [copy, folder].map((own) =>
        new SafetensorsFile(join(own, "adapter_model.safetensors"))
      );
      assert.deepEqual([...ours!.tensors.keys()].sort(), [...theirs!.tensors.keys()].sort());
      for (const tensor of theirs!.tensors.keys()) {
        assert.deepEqual(ours!.read(tensor), theirs!.read(tensor), tensor);
      }
      [ours, theirs].forEach((file) => file!.close());
      rmSync(copy, { recursive: true });
      [learner, lora, model].forEach((part) => part.destroy());
      assert.equal(gpu.liveBytes, before);
    });
  }

  it("decide what a recipe leaves out, and new ones have PEFT's defaults", () => {
    const folder = `${import.meta.dirname}/../parity/fixtures/peft_patterns`;
    const stored = readAdapterSettings(folder);
    const { use_rslora, rank_pattern, alpha_pattern } = stored;
    const silent = { ...settings, use_rslora: null, rank_pattern: null, alpha_pattern: null };
    assert.deepEqual(adapterSettings({ ...silent, adapter: folder }), {
      ...settings,
      use_rslora,
      rank_pattern,
      alpha_pattern,
    });
    const own = { ...settings, use_rslora: false, rank_pattern: { q_proj: 2 }, alpha_pattern: {} };
    assert.deepEqual(adapterSettings({ ...own, adapter: folder }), own);
    const none = { use_rslora: false, rank_pattern: {}, alpha_pattern: {} };
    assert.deepEqual(adapterSettings({ ...silent, adapter: null }), { ...settings, ...none });
    const config = loadConfig(QWEN2);
    const { r, lora_alpha, target_modules } = stored;
    checkAdapter(folder, config, { ...silent, r, lora_alpha, target_modules });
    assert.throws(
      () => checkAdapter(folder, config, { r, lora_alpha, target_modules, use_rslora: false }),
      /as use_rslora must be false: current value is true$/,
    );
  });

  it("keep the zeros that round a rank up while they are trained", async () => {
    const { model, lora } = await make({ ...settings, r: 3 });
    const learner = new Learner(model, { micro_batch_tokens: 32, temperature: 1 }, lora);
    const optimizer = new Optimizer(lora, learner.gradients.buffers, {
      adam_beta1: 0.9,
      adam_beta2: 0.99,
      adam_epsilon: 1e-8,
      weight_decay: 0.1,
      max_grad_norm: 1,
    });
    for (let step = 0; step < 3; step++) {
      const pass = await learner.forward([{ ids: [3, 9, 4, 60, 17, 5], prompt_length: 2 }]);
      await learner.backward(pass, [Float32Array.of(1, -2, 3, 1)]);
      await optimizer.step(0.01);
      lora.merge();
    }
    const [a, b] = lora.parameters();
    const [dataA, dataB] = [await lora.gpu.readFloats(a!.buffer), await lora.gpu.readFloats(b!.buffer)];
    assert.deepEqual([a!.cols, b!.rows], [4, 4]);
    assert.ok(dataB.subarray(0, b!.cols).some((number) => number !== 0), "B is trained");
    assert.ok(dataB.subarray(3 * b!.cols).every((number) => number === 0));
    assert.ok(dataA.every((number, i) => i % 4 < 3 ? number !== 0 : number === 0));
    [optimizer, learner, lora, model].forEach((part) => part.destroy());
  });

  it("have PEFT's names and shapes", () => {
    const file = new SafetensorsFile(join(directory, "adapter_model.safetensors"));
    const shape = (name: string) => file.tensors.get(`base_model.model.model.layers.1.${name}.weight`)?.shape;
    assert.deepEqual(shape("self_attn.k_proj.lora_A"), [4, 32]);
    assert.deepEqual(shape("self_attn.k_proj.lora_B"), [16, 4]);
    assert.deepEqual(shape("mlp.down_proj.lora_A"), [4, 44]);
    assert.equal(file.tensors.size, 8);
    file.close();
  });

  it("are refused when they belong to other modules or another kind of adapter", async () => {
    const refused: [Partial<LoraSettings>, RegExp][] = [
      [
        { target_modules: ["k_proj"] },
        /as target_modules must be k_proj: current value is down_proj, k_proj$/,
      ],
      [{ lora_alpha: 16 }, /as lora_alpha must be 16: current value is 8$/],
      [{ r: 8 }, /as r must be 8: current value is 4$/],
    ];
    for (const [change, message] of refused) {
      const { model, lora } = await make({ ...settings, ...change });
      assert.throws(() => loadAdapters(lora, directory), { name: "TypeError", message });
      lora.destroy();
      model.destroy();
    }
  });
});
