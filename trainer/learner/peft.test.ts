import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { assertClose, noise, testGpu, unreadable } from "#shared/engine/gpu/testing.ts";
import { readJson } from "#shared/io/files.ts";
import { SafetensorsFile } from "#shared/io/safetensors.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import { readTensors } from "#shared/engine/model/save.ts";
import { Learner } from "./learner.ts";
import { Lora, type LoraSettings } from "#shared/engine/lora/lora.ts";
import { loadAdapters, readAdapterSettings, saveAdapters } from "#shared/engine/lora/peft.ts";

const settings = { r: 4, lora_alpha: 8, target_modules: ["k_proj", "down_proj"] };
const directory = mkdtempSync(join(tmpdir(), "ghpo-peft-"));
after(() => rmSync(directory, { recursive: true }));

async function make(own: LoraSettings) {
  const model = loadModel(await testGpu(), `${import.meta.dirname}/../../shared/engine/model/fixtures/llama`);
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
    assert.deepEqual(readAdapterSettings(directory), settings);
    const second = await make(readAdapterSettings(directory));
    loadAdapters(second.lora, directory);
    assert.deepEqual(await readTensors(second.model), await readTensors(first.model));
    for (const { model, lora } of [first, second]) [lora, model].forEach((part) => part.destroy());
  });

  for (const dtype of ["float32", "bfloat16", "float16"] as const) {
    it(`of the PEFT library itself give its log-probs, beside weights in ${dtype}`, async (t) => {
      const reason = unreadable(await testGpu(), dtype);
      if (reason) return t.skip(reason);
      const folder = `${import.meta.dirname}/../parity/fixtures/peft`; // made by peft_adapters.py
      const model = loadModel(
        await testGpu(),
        `${import.meta.dirname}/../../shared/engine/model/fixtures/qwen2`,
        dtype,
      );
      const lora = new Lora(model, readAdapterSettings(folder), 32, 3);
      loadAdapters(lora, folder);
      const learner = new Learner(model, { micro_batch_tokens: 32, temperature: 1 }, lora);
      const { ids, logprobs } = readJson(join(folder, "reference.json")) as {
        ids: number[];
        logprobs: number[];
      };
      const scores = await learner.forward([{ ids, prompt_length: 1 }]);
      assertClose(scores.logprobs[0]!, logprobs, 1e-4, "log-probs");
      [learner, lora, model].forEach((part) => part.destroy());
    });
  }

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
    const path = join(directory, "adapter_config.json");
    writeFileSync(path, readFileSync(path, "utf8").replace(`"r": 4`, `"use_dora": true, "r": 4`));
    assert.throws(() => readAdapterSettings(directory), /use_dora/);
  });
});
