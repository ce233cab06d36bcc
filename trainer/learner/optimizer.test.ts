import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { noise, testGpu } from "#shared/engine/gpu/testing.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import type { Model } from "#shared/engine/model/weights.ts";
import { Learner } from "./learner.ts";
import { Optimizer } from "./optimizer.ts";
import { fixture } from "#shared/engine/model/testing.ts";

const settings = {
  adam_beta1: 0.9,
  adam_beta2: 0.999,
  adam_epsilon: 1e-8,
  weight_decay: 0.01,
  max_grad_norm: 1,
};
const sequence = { ids: [3, 9, 4, 60, 17, 5, 2], prompt_length: 2 };

async function setUp() {
  const model = loadModel(await testGpu(), fixture("qwen3"));
  const learner = new Learner(model, { micro_batch_tokens: 32, temperature: 1 });
  const optimizer = new Optimizer(model, learner.gradients.buffers, settings);
  const step = async (seed: number) => {
    await learner.accumulate([sequence], [noise(5, seed)]);
    return await optimizer.step(1e-3);
  };
  const destroy = () => [optimizer, learner, model].forEach((part) => part.destroy());
  return { model, learner, optimizer, step, destroy };
}

async function weightsOf(model: Model): Promise<Float32Array[]> {
  const all = [];
  for (const { buffer } of model.parameters()) all.push(await model.gpu.readFloats(buffer));
  return all;
}

describe("optimizer", () => {
  it("goes on bit for bit from saved weights and state", async () => {
    const first = await setUp();
    for (const seed of [1, 2]) await first.step(seed);
    const weights = await weightsOf(first.model);
    const state = new Map((await first.optimizer.state()).map((tensor) => [tensor.name, tensor]));
    assert.equal(first.optimizer.steps, 2);

    const second = await setUp();
    second.model.parameters().forEach(({ buffer }, i) => second.model.gpu.write(buffer, weights[i]!));
    second.optimizer.load((name, shape) => {
      assert.deepEqual(state.get(name)?.shape, shape);
      return state.get(name)!.data;
    }, 2);
    assert.deepEqual(await second.step(3), await first.step(3));
    assert.deepEqual(await weightsOf(second.model), await weightsOf(first.model));
    assert.deepEqual(await second.optimizer.state(), await first.optimizer.state());
    first.destroy();
    second.destroy();
  });

  it("clears the gradients and reports their norm before clipping", async () => {
    const { learner, step, destroy } = await setUp();
    await learner.accumulate([sequence], [noise(5, 1)]);
    const gradients = (await learner.readGradients()).flatMap(({ data }) => [...data]);
    learner.zeroGradients();
    const { grad_norm } = await step(1);
    assert.ok(grad_norm > settings.max_grad_norm);
    assert.ok(Math.abs(grad_norm / Math.hypot(...gradients) - 1) < 1e-5);
    assert.ok((await learner.readGradients()).every(({ data }) => data.every((g) => g === 0)));
    destroy();
  });

  it("leaves weights, moments and the step count alone when a gradient is no number", async () => {
    const { model, learner, optimizer, step, destroy } = await setUp();
    await step(1);
    const before = [await weightsOf(model), await optimizer.state()];
    await learner.accumulate([sequence], [Float32Array.of(1, 0, NaN, 0, 0)]);
    const { grad_norm } = await optimizer.step(1e-3);
    assert.ok(Number.isNaN(grad_norm));
    assert.deepEqual([await weightsOf(model), await optimizer.state()], before);
    assert.equal(optimizer.steps, 1);
    destroy();
  });

  it("frees what it allocated", async () => {
    const gpu = await testGpu();
    const before = gpu.liveBytes;
    const { step, destroy } = await setUp();
    await step(1);
    destroy();
    assert.equal(gpu.liveBytes, before);
  });
});
