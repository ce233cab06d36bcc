import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { noise, testGpu } from "#shared/gpu/testing.ts";
import { SafetensorsFile } from "#shared/io/safetensors.ts";
import { loadModel } from "#shared/model/load.ts";
import { readTensors } from "#shared/model/save.ts";
import { Lora, type LoraSettings } from "./lora.ts";
import { loadAdapters, readAdapterSettings, saveAdapters } from "./peft.ts";

const settings = { r: 4, lora_alpha: 8, target_modules: ["k_proj", "down_proj"] };
const directory = mkdtempSync(join(tmpdir(), "ghpo-peft-"));
after(() => rmSync(directory, { recursive: true }));

async function make(own: LoraSettings) {
  const model = loadModel(await testGpu(), `${import.meta.dirname}/../../shared/model/fixtures/llama`);
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
    const { model, lora } = await make({ ...settings, target_modules: ["k_proj"] });
    assert.throws(
      () => loadAdapters(lora, directory),
      /down_proj.lora_A.weight does not belong to the adapters/,
    );
    lora.destroy();
    model.destroy();
    const path = join(directory, "adapter_config.json");
    writeFileSync(path, readFileSync(path, "utf8").replace(`"r": 4`, `"use_dora": true, "r": 4`));
    assert.throws(() => readAdapterSettings(directory), /use_dora/);
  });
});
