// GPU memory exerts no pressure on the garbage collector, so a leak of one small buffer a step ends a long run.
// On a software driver the buffers are memory of this process, which the test can see as well.

import assert from "node:assert/strict";
import { it } from "node:test";
import { testGpu } from "#shared/engine/gpu/testing.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import { Learner } from "./learner.ts";
import { Optimizer } from "./optimizer.ts";
import { fixture } from "#shared/engine/model/testing.ts";

it("memory is flat over 500 training steps of ever-changing shapes", { timeout: 180_000 }, async () => {
  const gpu = await testGpu();
  const model = loadModel(gpu, fixture("qwen3"));
  const learner = new Learner(model, { micro_batch_tokens: 100, temperature: 1 });
  const optimizer = new Optimizer(model, learner.gradients.buffers, {
    adam_beta1: 0.9,
    adam_beta2: 0.999,
    adam_epsilon: 1e-8,
    weight_decay: 0,
    max_grad_norm: 1,
  });
  const buffers = countBuffers(gpu.device);
  const samples: { live: number; created: number; process: number }[] = [];
  for (let step = 0; step <= 500; step++) {
    const batch = Array.from({ length: 1 + step % 3 }, (_, i) => ({
      ids: Array.from({ length: 5 + (step * 7 + i * 3) % 28 }, (_, j) => (j * 5 + step) % 67),
      prompt_length: 3,
    }));
    const pass = await learner.forward(batch);
    await learner.backward(pass, pass.logprobs.map((own) => own.map(() => -0.01)));
    await optimizer.step(1e-4);
    if (step % 100 === 0) {
      Bun.gc(true); // what other tests of this process have left must not end up in a later sample
      samples.push({ live: gpu.liveBytes, created: buffers.created, process: process.memoryUsage.rss() });
    }
  }
  buffers.restore();
  const [, warm, ...later] = samples;
  assert.ok(warm!.created > 0, "the count sees the buffers of the first steps");
  for (const sample of later) {
    assert.equal(sample.live, warm!.live);
    assert.equal(sample.created, warm!.created, "no buffer is created after the first 100 steps");
    const growth = (sample.process - warm!.process) / 2 ** 20;
    assert.ok(growth < 24, `the process grew by ${growth.toFixed(1)} MiB`);
  }
  for (const part of [optimizer, learner, model]) part.destroy();
});

/** Counts `createBuffer` calls, whoever makes them. */
function countBuffers(device: GPUDevice) {
  const original = device.createBuffer;
  const counter = { created: 0, restore: () => device.createBuffer = original };
  device.createBuffer = function (descriptor) {
    counter.created++;
    return original.call(device, descriptor);
  };
  return counter;
}
