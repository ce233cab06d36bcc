// Files of weights and adapters that the check finds missing, cut off or of another shape, without loading them.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolders } from "#shared/io/testing.ts";
import { type AdapterTensor, adapterTensors } from "#shared/engine/lora/lora.ts";
import { loadConfig } from "#shared/engine/model/load.ts";
import { parameterLayouts } from "#shared/engine/model/weights.ts";
import { SafetensorsFile } from "#shared/io/safetensors.ts";
import { writeSafetensors } from "#shared/io/safetensors_writer.ts";
import { writeByteModel } from "../commands/init/models.testing.ts";
import { exportGguf } from "../gguf/export_gguf.ts";
import { loadRecipe } from "../run/recipe.ts";
import { preflightOf } from "./recipe.ts";
import { TINY_BASE } from "./testing.ts";
import { TrainRecipeSchema } from "../run/train_recipe.ts";

const temporary = temporaryFolders();

describe("preflightOf()", () => {
  it("finds missing and cut-off files of weights without loading them", async () => {
    const folder = temporary();
    const path = join(folder, "train.jsonl");
    writeFileSync(path, JSON.stringify({ problem: "Compute 1+2", answer: "3", solution: "1+2=3" }));
    const data = ["data", `{ families = [], path = ${JSON.stringify(path)} }`] as const;
    const faults = async (model: string, ...more: [string, string][]) => {
      const recipe = loadRecipe(TrainRecipeSchema, "demo", [["model", model], data, ...more]);
      return (await preflightOf(recipe)).faults;
    };
    const model = join(folder, "model");
    cpSync(TINY_BASE, model, { recursive: true });
    assert.deepEqual(await faults(model), []);
    const adapter = join(folder, "adapter");
    assert.deepEqual(
      await faults(model, ["lora", `{ adapter = ${JSON.stringify(adapter)} }`]),
      [`${adapter}/adapter_config.json cannot be read as it does not exist`],
    );
    const whole = join(folder, "whole.gguf");
    writeByteModel(join(folder, "bytes"));
    exportGguf(join(folder, "bytes"), whole, "f32");
    assert.doesNotMatch((await faults(whole)).join(), /whole\.gguf/);
    const bytes = readFileSync(whole);
    writeFileSync(join(folder, "cut.gguf"), bytes.subarray(0, bytes.length - 64));
    await assert.rejects(
      faults(join(folder, "cut.gguf")),
      /cut\.gguf as it is truncated: tensor .* ends at byte/,
    );
    const weights = join(model, "model.safetensors");
    const { length } = readFileSync(weights);
    writeFileSync(weights, readFileSync(weights).subarray(0, length - 1));
    assert.match((await faults(model)).join(), /model\.safetensors cannot be loaded as it is truncated/);
    rmSync(weights);
    const none =
      `${model} cannot be loaded as it has neither model.safetensors nor model.safetensors.index.json`;
    assert.deepEqual(await faults(model), [none]);
    const index = { weight_map: { "model.norm.weight": "model-00002-of-00002.safetensors" } };
    writeFileSync(join(model, "model.safetensors.index.json"), JSON.stringify(index));
    assert.match(
      (await faults(model)).join(),
      /model-00002-of-00002\.safetensors cannot be read as it does not exist/,
    );
    const name = { name: "model.norm.weight", shape: [1], data: new Float32Array(1) };
    writeSafetensors(join(model, "model-00002-of-00002.safetensors"), [name]);
    assert.match(
      (await faults(model)).join(),
      /cannot be loaded as tensor model\.embed_tokens\.weight is missing/,
    );
  });

  it("finds weights and adapters of other shapes, and adapters that [lora] does not describe", async () => {
    const folder = temporary();
    const path = join(folder, "train.jsonl");
    writeFileSync(path, JSON.stringify({ problem: "Compute 1+2", answer: "3", solution: "1+2=3" }));
    const model = join(folder, "model");
    const adapter = join(folder, "adapter");
    cpSync(TINY_BASE, model, { recursive: true });
    mkdirSync(adapter);
    const faults = async (r = 6) => {
      const recipe = loadRecipe(TrainRecipeSchema, "demo", [
        ["model", model],
        ["data", `{ families = [], path = ${JSON.stringify(path)} }`],
        ["lora", `{ r = ${r}, target_modules = ["q_proj"], adapter = ${JSON.stringify(adapter)} }`],
      ]);
      return (await preflightOf(recipe)).faults;
    };
    const config = loadConfig(model);
    const settings = { r: 6, lora_alpha: 32, target_modules: ["q_proj"], use_rslora: true };
    const write = (change: (tensors: AdapterTensor[]) => AdapterTensor[]) => {
      const tensors = change(adapterTensors(parameterLayouts(config), settings));
      writeFileSync(
        join(adapter, "adapter_config.json"),
        JSON.stringify({ peft_type: "LORA", ...settings }),
      );
      writeSafetensors(
        join(adapter, "adapter_model.safetensors"),
        tensors.map((own) => ({ ...own, data: new Float32Array(own.shape.reduce((a, b) => a * b, 1)) })),
      );
    };
    write((tensors) => tensors);
    assert.deepEqual(await faults(), []);
    assert.deepEqual(
      await faults(8),
      [`the adapters of ${adapter} cannot be loaded as r must be 8: current value is 6`],
    );
    const file = `${adapter}/adapter_model.safetensors cannot be loaded as tensor`;
    const name = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
    const { hidden_size } = config;
    write(([first, ...rest]) => [{ ...first!, shape: [6, 8] }, ...rest]);
    assert.deepEqual(await faults(), [
      `${file} ${name} must be [6, ${hidden_size}]: current shape is [6, 8]`,
    ]);
    write((tensors) => tensors.slice(1));
    assert.deepEqual(await faults(), [`${file} ${name} is missing`]);
    write((tensors) => [...tensors, { name: "another", shape: [1] }]);
    assert.deepEqual(await faults(), [`${file} another does not belong to the adapters`]);
    write((tensors) => tensors);

    const weights = join(model, "model.safetensors");
    const opened = new SafetensorsFile(weights);
    const all = [...opened.tensors].map(([name, { shape }]) => ({ name, shape, data: opened.read(name) }));
    opened.close();
    const norm = { name: "model.norm.weight", shape: [8], data: new Float32Array(8) };
    writeSafetensors(weights, [...all.filter((own) => own.name !== norm.name), norm]);
    assert.deepEqual(await faults(), [
      `${model} cannot be loaded as tensor model.norm.weight must be [${hidden_size}]: current shape is [8]`,
    ]);
  });
});
