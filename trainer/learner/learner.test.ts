import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { assertClose, noise, testGpu } from "#shared/engine/gpu/testing.ts";
import { randomModel } from "#shared/engine/model/initialise.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import { Model } from "#shared/engine/model/weights.ts";
import { Learner, type LearnerSettings } from "./learner.ts";
import { fixture } from "#shared/engine/model/testing.ts";

const lengths = [[5, 12], [3, 20], [1, 2], [9, 30], [4, 5]] as const; // prompt, prompt and completion
const batch = lengths.map(([prompt_length, length], seed) => ({
  ids: Array.from(noise(length, seed), (u) => Math.floor((u + 1) * 33)),
  prompt_length,
}));
const coefficients = lengths.map(([prompt, length], i) => noise(length - prompt, 20 + i));

const model = loadModel(await testGpu(), fixture("qwen2"));
after(() => model.destroy());

async function withLearner<T>(microBatchTokens: number, work: (learner: Learner) => Promise<T>): Promise<T> {
  const learner = new Learner(model, { micro_batch_tokens: microBatchTokens, temperature: 0.9 });
  try {
    return await work(learner);
  } finally {
    learner.destroy();
  }
}

/** All gradients, one after the other. */
async function gradientsOf(learner: Learner): Promise<number[]> {
  return (await learner.readGradients()).flatMap(({ data }) => [...data]);
}

function relativeError(actual: Float32Array, expected: Float32Array): number {
  return Math.hypot(...actual.map((g, i) => g - expected[i]!)) / Math.hypot(...expected);
}

describe("learner", () => {
  it("gives the same scores and gradients whatever the micro-batches and the order", async () => {
    const run = (order: number[]) => async (learner: Learner) => {
      const pass = await learner.forward(order.map((i) => batch[i]!));
      await learner.backward(pass, order.map((i) => coefficients[i]!));
      const inOrder = batch.map((_, i) => pass.logprobs[order.indexOf(i)]!);
      return { logprobs: inOrder.flatMap((own) => [...own]), gradients: await gradientsOf(learner) };
    };
    const whole = await withLearner(100, run([0, 1, 2, 3, 4]));
    assert.ok(Math.max(...whole.gradients.map(Math.abs)) > 0.1);
    for (const limit of [30, 52]) {
      const parts = await withLearner(limit, run([3, 1, 4, 0, 2]));
      assertClose(parts.logprobs, whole.logprobs, 1e-5, "log-probs");
      assertClose(parts.gradients, whole.gradients, 1e-5, "gradients");
    }
  });

  it("accumulates known coefficients with one forward, bit for bit as forward and backward do", async () => {
    const one = await withLearner(100, async (learner) => {
      const scores = await learner.accumulate(batch, coefficients);
      return { scores, gradients: await gradientsOf(learner) };
    });
    const two = await withLearner(100, async (learner) => {
      const pass = await learner.forward(batch);
      await learner.backward(pass, coefficients);
      const { sequences: _, ...scores } = pass;
      return { scores, gradients: await gradientsOf(learner) };
    });
    assert.deepEqual(one, two);
  });

  it("does not compute sequences whose coefficients are all zero", async () => {
    const some = coefficients.map((own, i) => i === 1 || i === 3 ? own : new Float32Array(own.length));
    const { scores, gradients } = await withLearner(100, async (learner) => {
      const scores = await learner.accumulate(batch, some);
      return { scores, gradients: await gradientsOf(learner) };
    });
    assert.deepEqual(scores.logprobs.map((own) => own.length), [0, 17, 0, 21, 0]);
    const alone = await withLearner(100, async (learner) => {
      await learner.accumulate([batch[1]!, batch[3]!], [some[1]!, some[3]!]);
      return await gradientsOf(learner);
    });
    assert.deepEqual(gradients, alone);
  });

  it("adds up over calls until it is cleared", async () => {
    await withLearner(100, async (learner) => {
      await learner.accumulate(batch, coefficients);
      const once = await gradientsOf(learner);
      await learner.accumulate(batch, coefficients);
      assertClose(await gradientsOf(learner), once.map((g) => 2 * g), 1e-6, "twice");
      learner.zeroGradients();
      assert.ok((await gradientsOf(learner)).every((g) => g === 0));
    });
  });

  for (const name of ["llama", "qwen2", "qwen3"]) {
    it(`gives the same bits with gradient checkpointing in less memory (${name})`, async () => {
      const gpu = await testGpu();
      const own = loadModel(gpu, fixture(name));
      const results = [];
      for (const gradient_checkpointing of [false, true]) {
        const before = gpu.liveBytes;
        const settings = { micro_batch_tokens: 100, temperature: 1, gradient_checkpointing };
        const learner = new Learner(own, settings);
        const bytes = gpu.liveBytes - before;
        const scores = await learner.forward(batch);
        await learner.backward(scores, coefficients);
        results.push({ bytes, numbers: { scores, gradients: await gradientsOf(learner) } });
        learner.destroy();
      }
      const [plain, checkpointed] = results;
      assert.deepEqual(checkpointed!.numbers, plain!.numbers);
      assert.ok(checkpointed!.bytes < plain!.bytes);
      own.destroy();
    });
  }

  for (const gradient_checkpointing of [false, true]) {
    const how = gradient_checkpointing ? "block inputs" : "activations";
    it(`gives the same log-prob bits and gradients within 2 % with ${how} kept in bf16`, async () => {
      for (const name of ["llama", "qwen2", "qwen3"]) {
        const own = loadModel(model.gpu, fixture(name));
        const results = [];
        for (const activations_dtype of ["float32", "bfloat16"] as const) {
          const settings = {
            micro_batch_tokens: 100,
            temperature: 1,
            gradient_checkpointing,
            activations_dtype,
          };
          const learner = new Learner(own, settings);
          const scores = await learner.forward(batch);
          await learner.backward(scores, coefficients);
          results.push({ scores, gradients: await learner.readGradients() });
          learner.destroy();
        }
        const [exact, rounded] = results;
        assert.deepEqual(rounded!.scores, exact!.scores);
        for (const [i, { name: tensor, data }] of exact!.gradients.entries()) {
          const error = relativeError(rounded!.gradients[i]!.data, data);
          const inside = tensor.includes(".layers."); // the head's own gradient needs no saved activation
          const message = `gradient of ${tensor} of ${name}: relative L2 error is ${error}`;
          assert.ok(error < 0.02 && (error > 0 || !inside), message);
        }
        own.destroy();
      }
    });
  }

  it("keeps bf16 activations in the bytes that their shapes need", async () => {
    const gpu = await testGpu();
    const bytesOf = (layers: number, settings: Partial<LearnerSettings>) => {
      const config = { ...model.config, qk_norm: true, num_hidden_layers: layers };
      const own = new Model(gpu, config);
      const before = gpu.liveBytes;
      const learner = new Learner(own, { micro_batch_tokens: 64, temperature: 1, ...settings });
      const bytes = gpu.liveBytes - before -
        learner.gradients.buffers.reduce((sum, { size }) => sum + size, 0);
      learner.destroy();
      own.destroy();
      return bytes;
    };
    const block = (settings: Partial<LearnerSettings>) =>
      (bytesOf(6, settings) - bytesOf(2, settings)) / 4 / 64;
    const { hidden_size, intermediate_size, num_attention_heads: heads, head_dim } = model.config;
    const q = heads * head_dim;
    const width = q + 2 * model.config.num_key_value_heads * head_dim;
    const rounded = 2 * hidden_size + q + 2 * intermediate_size + width; // xIn, xMid, attention, gate and up, raw qkv
    assert.equal(block({}), 4 * (rounded + width + heads + 2));
    assert.equal(block({ activations_dtype: "bfloat16" }), 2 * rounded + 4 * (width + heads));
    assert.equal(block({ gradient_checkpointing: true }), 4 * hidden_size);
    assert.equal(block({ gradient_checkpointing: true, activations_dtype: "bfloat16" }), 2 * hidden_size);
  });

  it("scores another model between forward and backward without disturbing them", async () => {
    const other = randomModel(model.gpu, model.config, 5);
    await withLearner(100, async (learner) => {
      const pass = await learner.forward(batch);
      const scores = await learner.score(other, batch);
      assert.notDeepEqual(scores.logprobs, pass.logprobs);
      await learner.backward(pass, coefficients);
      const gradients = await gradientsOf(learner);
      learner.zeroGradients();
      await learner.accumulate(batch, coefficients);
      assert.deepEqual(gradients, await gradientsOf(learner));
    });
    other.destroy();
  });

  it("runs the backward of any pass, at any time, and twice", async () => {
    await withLearner(100, async (learner) => {
      const some = batch.slice(0, 2);
      await learner.accumulate(some, coefficients.slice(0, 2));
      const expected = await gradientsOf(learner);
      const first = await learner.forward(some);
      const second = await learner.forward(batch);
      for (const pass of [first, first, second, first]) {
        learner.zeroGradients();
        await learner.backward(pass, coefficients.slice(0, pass.sequences.length));
        if (pass === first) assert.deepEqual(await gradientsOf(learner), expected);
        else assert.notDeepEqual(await gradientsOf(learner), expected);
      }
    });
  });

  it("takes a batch in which nothing is to be learned", async () => {
    await withLearner(100, async (learner) => {
      const scores = await learner.forward([{ ids: [1, 2, 3], prompt_length: 3 }]);
      assert.deepEqual(scores.logprobs, [new Float32Array()]);
      await learner.backward(scores, [new Float32Array()]);
      assert.ok((await gradientsOf(learner)).every((g) => g === 0));
    });
  });

  it("refuses a sequence longer than a micro-batch, a missing prompt and wrong coefficients", async () => {
    await withLearner(20, async (learner) => {
      await assert.rejects(
        learner.forward(batch),
        /of 30 tokens as micro_batch_tokens .* current value is 20/,
      );
      await assert.rejects(
        learner.forward([{ ids: [1, 2], prompt_length: 0 }]),
        /prompt_length must be from 1 to 2: current value is 0/,
      );
      const pass = await learner.forward([batch[0]!]);
      await assert.rejects(
        learner.backward(pass, []),
        /has 1 sequences: current number of coefficient lists is 0/,
      );
      await assert.rejects(
        learner.backward(pass, [new Float32Array(6)]),
        /completion 0 has 7 tokens: current number of coefficients is 6/,
      );
    });
  });
});
