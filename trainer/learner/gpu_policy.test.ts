import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolders } from "#shared/io/testing.ts";
import { testGpu, unreadable } from "#shared/engine/gpu/testing.ts";
import { tinyTokenizerFiles } from "#shared/text/tiny_tokenizer.ts";
import { loadConfig } from "#shared/engine/model/load.ts";
import { readAdapterSettings } from "#shared/engine/lora/peft.ts";
import { checkpointName, listCheckpoints } from "../run/checkpoint.ts";
import type { EnginePolicy } from "./gpu_policy.ts";
import { type EngineOptions, openEngine } from "./open_engine.ts";
import { TINY, TINY_ENGINE, trainTiny } from "./tiny_run.testing.ts";
import type { PlanSettings } from "../memory/settings.ts";
import { RunDirectory } from "../run/directory.ts";

const planSettings: PlanSettings = {
  config: loadConfig(TINY),
  lora: null,
  reference: false,
  micro_batch_tokens: 512,
  gradient_checkpointing: false,
  weights_dtype: "float32",
  activations_dtype: "float32",
  generation: {
    prompts: 1,
    samples: 2,
    extends: false,
    prompt_tokens: 32,
    completion_tokens: 16,
    rows: 256,
    evaluated: 0,
  },
};

const temporary = temporaryFolders();
const policies: EnginePolicy[] = [];
after(() => policies.forEach((policy) => policy.close()));

async function open(overrides: Partial<EngineOptions> = {}): Promise<EnginePolicy> {
  const policy = await openEngine({ ...TINY_ENGINE, ...overrides });
  policies.push(policy);
  return policy;
}

const run = (policy: EnginePolicy, output_dir: string, max_steps: number, loss = {}) =>
  trainTiny(policy, output_dir, { max_steps, problems: 64, save_every: 2, loss });

describe("EnginePolicy", () => {
  it("puts back weights and moments, so that the next update is the same", { timeout: 60_000 }, async () => {
    const batch = [{ ids: [3, 4, 5, 6, 7], prompt_length: 2 }, { ids: [9, 8, 1], prompt_length: 1 }];
    const advance = async (policy: EnginePolicy) => {
      const pass = await policy.forward(batch);
      await policy.backward(
        pass,
        pass.logprobs.map((values) => values.map((_, t) => (t % 2 === 0 ? -1 : 0.5))),
      );
      await policy.step(1e-3);
    };
    const first = await open();
    await advance(first);
    const folder = temporary();
    await first.saveModel(folder);
    await first.saveOptimizer(folder);
    await advance(first);
    const second = await open({ randomSeed: 99 });
    await second.restore(folder);
    await advance(second);
    const scores = await Promise.all([first, second].map((policy) => policy.forward(batch)));
    assert.deepEqual(scores[0], scores[1]);
  });

  for (const weights_dtype of ["float32", "bfloat16", "float16"] as const) {
    const what =
      `trains adapters and puts them back over the frozen weights in ${weights_dtype}, bit for bit`;
    it(what, { timeout: 60_000 }, async (t) => {
      const reason = unreadable(await testGpu(), weights_dtype);
      if (reason) return t.skip(reason);
      const lora = { r: 4, lora_alpha: 8, target_modules: ["q_proj", "v_proj", "down_proj"], seed: 5 };
      const batch = [{ ids: [3, 4, 5, 6, 7], prompt_length: 2 }];
      const advance = async (policy: EnginePolicy) => {
        const pass = await policy.forward(batch);
        await policy.backward(pass, pass.logprobs.map((values) => values.map(() => -1)));
        await policy.step(1e-2);
      };
      const first = await open({ lora, weights_dtype });
      assert.equal(first.model.dtype, weights_dtype);
      const before = await first.forward(batch);
      await advance(first);
      const folder = temporary();
      await first.saveModel(folder);
      await first.saveOptimizer(folder);
      const saved = await first.forward(batch);
      assert.notDeepEqual(saved, before);
      await advance(first);

      const second = await open({ lora: { ...lora, seed: 6 }, weights_dtype });
      await second.restore(folder);
      assert.deepEqual(await second.forward(batch), saved);
      await advance(second);
      assert.deepEqual(await second.forward(batch), await first.forward(batch));

      const adapter = join(folder, "adapter");
      const third = await open({ lora: { ...lora, adapter }, weights_dtype, reference: true });
      assert.deepEqual(await third.forward(batch), saved, "a new run starts from the adapters of another");
      assert.deepEqual(await third.reference(batch), saved.logprobs, "and KL is taken to that start");

      const { randomSeed: _, ...rest } = TINY_ENGINE;
      const merged = await openEngine({ ...rest, model: folder });
      policies.push(merged);
      assert.deepEqual(await merged.forward(batch), saved, "the exported model is the merged one");
      assert.deepEqual(readAdapterSettings(join(folder, "adapter")), {
        r: 4,
        lora_alpha: 8,
        target_modules: lora.target_modules,
        use_rslora: false,
        rank_pattern: {},
        alpha_pattern: {},
      });
    });
  }

  it("resumes from adapters alone where nothing else is kept", { timeout: 60_000 }, async () => {
    const lora = { r: 4, lora_alpha: 8, target_modules: ["q_proj", "v_proj"], seed: 5 };
    const batch = [{ ids: [3, 4, 5, 6, 7], prompt_length: 2 }];
    const policy = await open({ lora, save: { adapter_only: true, dtype: "float32" } });
    const advance = async () => {
      const pass = await policy.forward(batch);
      await policy.backward(pass, pass.logprobs.map((values) => values.map(() => -1)));
      await policy.step(1e-2);
    };
    await advance();
    const folder = temporary();
    await policy.saveModel(folder);
    await policy.saveOptimizer(folder);
    assert.deepEqual(readdirSync(folder).sort(), ["adapter", "optimizer.safetensors"]);
    const saved = await policy.forward(batch);
    await advance();
    assert.notDeepEqual(await policy.forward(batch), saved);
    await policy.restore(folder);
    assert.deepEqual(await policy.forward(batch), saved);
  });

  it("refuses a plan that the adapter cannot hold before it loads a model", { timeout: 60_000 }, async () => {
    const tooMuch = { ...planSettings, micro_batch_tokens: 1 << 24 };
    const { randomSeed: _, ...rest } = TINY_ENGINE;
    await assert.rejects(
      openEngine({ ...rest, plan: tooMuch }),
      /^RangeError: Cannot train as .* on this adapter: .*; change train\.micro_batch_tokens$/,
    );
  });

  it("writes a directory that is a model to start from", { timeout: 60_000 }, async () => {
    const policy = await open();
    const folder = temporary();
    await policy.saveModel(folder);
    const { randomSeed: _, ...rest } = TINY_ENGINE;
    const again = await openEngine({ ...rest, model: folder });
    policies.push(again);
    const batch = [{ ids: [3, 4, 5], prompt_length: 1 }];
    assert.deepEqual(await again.forward(batch), await policy.forward(batch));
  });

  it(
    "scores completions as it sampled them, and keeps its memory flat over many steps",
    { timeout: 60_000 },
    async () => {
      const path = temporary();
      await run(await open(), path, 8);
      const metrics = new RunDirectory(path).readMetrics();
      for (const record of metrics) assert.ok(record["sampling/sampling_logp_difference/max"]! <= 1e-4);
      const bytes = metrics.slice(2).map((record) => record["gpu_bytes"]);
      assert.equal(new Set(bytes).size, 1, `${bytes}`);
      const rewards = metrics.map((record) => record["rewards/digits/mean"]!);
      assert.ok(rewards.every((reward) => reward > 0));
    },
  );

  it(
    "has a KL of 0 to its reference before the first update, and above 0 later",
    { timeout: 60_000 },
    async () => {
      const path = temporary();
      await run(await open({ reference: true }), path, 3, { beta: 0.05 });
      const kl = new RunDirectory(path).readMetrics().map((record) => record["kl"]!);
      assert.ok(Math.abs(kl[0]!) < 1e-7 && kl[2]! > 0, `${kl}`);
    },
  );

  it("stops with one sentence and a valid checkpoint when the device is lost in the middle of a step", {
    timeout: 60_000,
  }, async () => {
    const path = temporary();
    const policy = await open();
    const backward = policy.backward.bind(policy);
    let calls = 0;
    policy.backward = async (pass, coefficients) => {
      if (++calls === 3) policy.model.gpu.device.destroy();
      await backward(pass, coefficients);
    };
    await assert.rejects(
      run(policy, path, 6),
      /^DeviceLostError: Cannot continue as the GPU device was lost/,
    );
    assert.deepEqual(listCheckpoints(join(path, "checkpoints")), [2]);
    const { randomSeed: _, ...rest } = TINY_ENGINE;
    const again = await openEngine({ ...rest, model: join(path, "checkpoints", checkpointName(2)) });
    policies.push(again);
  });
});

describe("openEngine()", () => {
  it("takes a tokenizer with spare tokens beyond the model's table, and refuses a text with one", {
    timeout: 60_000,
  }, async () => {
    const folder = temporary();
    cpSync(TINY, folder, { recursive: true });
    const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
    writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, vocab_size: 30 }));
    const policy = await openEngine({ ...TINY_ENGINE, model: folder });
    policies.push(policy);
    assert.deepEqual(policy.tokenizer.encode("4+5").length, 3);
    const outside = policy.tokenizer.decode([36], { special: true });
    assert.throws(() => policy.tokenizer.encode(outside), {
      message:
        "Cannot encode a text as its tokens must be among the 30 of the model's table: current token is " +
        `"${outside}" with the id 36`,
    });
  });

  it("refuses a model without weights, and one without a tokenizer", { timeout: 60_000 }, async () => {
    const { randomSeed: _, ...rest } = TINY_ENGINE;
    await assert.rejects(openEngine(rest), /Cannot (read|load) .*safetensors/);
    await assert.rejects(
      openEngine({ ...rest, model: temporary() }),
      /tokenizer\.json as it does not exist$/,
    );
  });
});

describe("trainer/recipes/tiny", () => {
  it("holds the tokenizer that the tiny world defines", () => {
    const files = tinyTokenizerFiles(192);
    const read = (name: string) => JSON.parse(readFileSync(join(TINY, name), "utf8"));
    assert.deepEqual(read("tokenizer.json"), files.tokenizer);
    assert.deepEqual(read("tokenizer_config.json"), files.config);
    assert.deepEqual(readdirSync(TINY).sort(), ["config.json", "tokenizer.json", "tokenizer_config.json"]);
  });
});
