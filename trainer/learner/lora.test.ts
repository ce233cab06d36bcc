import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assertClose, noise, testGpu } from "#shared/engine/gpu/testing.ts";
import { matmulNNRef } from "#shared/engine/ops/matmul/matmul.ref.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import { readTensors } from "#shared/engine/model/save.ts";
import type { HfTensor } from "#shared/engine/model/layout.ts";
import type { Model } from "#shared/engine/model/weights.ts";
import { LORA_MODULES } from "#shared/schemas/recipe/learning.ts";
import { Learner } from "./learner.ts";
import { Optimizer } from "./optimizer.ts";
import { transposeRef } from "#shared/engine/ops/transpose/transpose.ref.ts";
import { Lora, type LoraSettings } from "#shared/engine/lora/lora.ts";
import { fixture } from "#shared/engine/model/testing.ts";

const batch = [{ ids: [3, 9, 4, 60, 17, 5, 2, 33], prompt_length: 2 }, {
  ids: [8, 9, 50, 2],
  prompt_length: 1,
}];
const coefficients = batch.map(({ ids, prompt_length }, i) => noise(ids.length - prompt_length, 50 + i));
const learnerSettings = { micro_batch_tokens: 32, temperature: 1 };

async function qwen2(): Promise<Model> {
  return loadModel(await testGpu(), fixture("qwen2"));
}

function make(
  model: Model,
  target_modules: readonly string[] = LORA_MODULES,
  more: Partial<LoraSettings> = {},
): Lora {
  return new Lora(model, { r: 4, lora_alpha: 8, target_modules, ...more }, 32, 7);
}

/** B is zero at first and would hide half of every formula. */
function disturb(lora: Lora): void {
  lora.parameters().forEach(({ buffer }, i) => lora.gpu.write(buffer, noise(buffer.size / 4, i, 0.2)));
  lora.merge();
}

async function tensorsOf(model: Model): Promise<Map<string, HfTensor>> {
  return new Map((await readTensors(model)).map((tensor) => [tensor.name, tensor]));
}

describe("lora", () => {
  it("leaves the model as it is until it is trained", async () => {
    const model = await qwen2();
    const before = await readTensors(model);
    const lora = make(model);
    lora.merge();
    assert.deepEqual(await readTensors(model), before);
    lora.destroy();
    model.destroy();
  });

  const patterns = {
    use_rslora: true,
    rank_pattern: { "layers.0.*": 12, down_proj: 8 },
    alpha_pattern: { "(q|k)_proj": 3 },
  };
  const patternScale = (module: string) =>
    (/[qk]_proj$/.test(module) ? 3 : 8) /
    Math.sqrt(module.includes("layers.0") ? 12 : module.endsWith("down_proj") ? 8 : 4);
  const kinds: [string, Partial<LoraSettings>, (module: string) => number][] = [
    ["", {}, () => 2],
    [", with rsLoRA and patterns", patterns, patternScale],
  ];
  for (const [kind, more, scaleOf] of kinds) {
    it(`has the gradients that follow from those of the merged weights${kind}`, async () => {
      const model = await qwen2();
      const lora = make(model, LORA_MODULES, more);
      disturb(lora);
      const full = new Learner(model, learnerSettings);
      const expectedScores = await full.accumulate(batch, coefficients);
      const dw = new Map((await full.readGradients()).map((tensor) => [tensor.name, tensor.data]));
      const learner = new Learner(model, learnerSettings, lora);
      assert.deepEqual(await learner.accumulate(batch, coefficients), expectedScores);
      const gradients = new Map((await learner.readGradients()).map(({ name, data }) => [name, data]));
      assert.equal(gradients.size, 2 * LORA_MODULES.length * model.layers.length);

      const adapters = lora.parameters();
      for (let i = 0; i < adapters.length; i += 2) {
        const [a, b] = [adapters[i]!, adapters[i + 1]!]; // (inputs, r) and (r, outputs)
        const module = a.name.replace("base_model.model.", "").replace(".lora_A.weight", "");
        const [inputs, outputs, r] = [a.rows, b.cols, a.cols];
        const product = dw.get(`${module}.weight`)!; // (outputs, inputs)
        const [aData, bData] = [await lora.gpu.readFloats(a.buffer), await lora.gpu.readFloats(b.buffer)];
        const da = matmulNNRef(bData, product, { rows: r, cols: inputs, inner: outputs }); // (r, inputs), as PEFT
        const scale = scaleOf(module);
        assertClose(gradients.get(a.name)!, da.map((g) => scale * g), 1e-5, a.name);
        const db = matmulNNRef(product, aData, { rows: outputs, cols: r, inner: inputs }); // (outputs, r), as PEFT
        assertClose(gradients.get(b.name)!, db.map((g) => scale * g), 1e-5, b.name);
      }
      for (const part of [full, learner, lora, model]) part.destroy();
    });
  }

  it("trains: the loss falls, and only target matrices move, by the merged product", async () => {
    const model = await qwen2();
    const before = await tensorsOf(model);
    const lora = make(model, ["q_proj", "v_proj"]);
    const learner = new Learner(model, learnerSettings, lora);
    const settings = {
      adam_beta1: 0.9,
      adam_beta2: 0.999,
      adam_epsilon: 1e-8,
      weight_decay: 0,
      max_grad_norm: 1,
    };
    const optimizer = new Optimizer(lora, learner.gradients.buffers, settings);
    const raise = coefficients.map((own) => own.map(() => -1)); // loss = - sum of log-probs
    const losses: number[] = [];
    for (let step = 0; step < 10; step++) {
      const { logprobs } = await learner.accumulate(batch, raise);
      losses.push(-logprobs.reduce((sum, own) => sum + own.reduce((a, b) => a + b), 0));
      await optimizer.step(0.01);
      lora.merge();
    }
    assert.ok(losses.at(-1)! < losses[0]! - 1, `losses are ${losses}`);

    const adapters = lora.parameters();
    const pairs = new Map(adapters.map((parameter) => [parameter.name, parameter]));
    for (const [name, { data }] of await tensorsOf(model)) {
      const start = before.get(name)!.data;
      const module = `base_model.model.${name.replace(".weight", "")}`;
      const [a, b] = [pairs.get(`${module}.lora_A.weight`), pairs.get(`${module}.lora_B.weight`)];
      if (!a || !b) {
        assert.deepEqual(data, start, `${name} is frozen`);
        continue;
      }
      const [aData, bData] = [await lora.gpu.readFloats(a.buffer), await lora.gpu.readFloats(b.buffer)];
      const shape = { rows: a.rows, cols: b.cols, inner: a.cols };
      const product = transposeRef(matmulNNRef(aData, bData, shape), a.rows, b.cols);
      assertClose(data, start.map((w, i) => w + 2 * product[i]!), 1e-6, name);
    }
    for (const part of [optimizer, learner, lora, model]) part.destroy();
  });

  it("needs less memory for gradients and frees all of it", async () => {
    const model = await qwen2();
    const { gpu } = model;
    const before = gpu.liveBytes;
    const lora = make(model, ["q_proj"]);
    const adapterBytes = lora.gradients.buffers.reduce((sum, { size }) => sum + size, 0);
    assert.ok(adapterBytes < model.size * 4 / 10);
    lora.destroy();
    assert.equal(gpu.liveBytes, before);
    model.destroy();
  });

  it("refuses a rank and modules that it cannot train", async () => {
    const model = await qwen2();
    const settings = { r: 4, lora_alpha: 8, target_modules: ["q_proj"] };
    assert.throws(
      () => new Lora(model, { ...settings, r: 1.5 }, 8, 1),
      /r must be a positive integer: current value is 1.5/,
    );
    assert.throws(
      () => new Lora(model, { ...settings, target_modules: ["lm_head"] }, 8, 1),
      /current value is lm_head/,
    );
    assert.throws(() => new Lora(model, { ...settings, target_modules: [] }, 8, 1), /is an empty list/);
    model.destroy();
  });
});
