import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, it } from "node:test";
import { LARGEST_COPY } from "#shared/engine/gpu/device.ts";
import { limitsOf } from "#shared/engine/gpu/counting_gpu.ts";
import { testGpu, unreadable } from "#shared/engine/gpu/testing.ts";
import { parseConfig } from "#shared/engine/model/config.ts";
import { LORA_MODULES } from "#shared/schemas/recipe/learning.ts";
import { SftRecipeSchema } from "#shared/schemas/recipe/sft.ts";
import { planOf, planOfSft } from "../commands/print_plan.ts";
import { ofRank, planRanks } from "../commands/plan_ranks.ts";
import { checkPlan, DESKTOP, gib, largestMicroBatch, planMemory, tooLarge } from "./memory_plan.ts";
import type { PlanSettings } from "./settings.ts";
import { measurePlan, QWEN25 } from "./testing.ts";
import { loadRecipe } from "../run/recipe.ts";
import type { Override } from "../run/flags.ts";
import { TrainRecipeSchema } from "../run/train_recipe.ts";

const TINY = fileURLToPath(new URL("../recipes/tiny", import.meta.url));
const base: PlanSettings = {
  config: parseConfig({
    model_type: "qwen3",
    hidden_size: 64,
    num_hidden_layers: 6,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 16,
    intermediate_size: 256,
    vocab_size: 1000,
    max_position_embeddings: 512,
    tie_word_embeddings: true,
    eos_token_id: 1,
  }),
  lora: null,
  reference: false,
  micro_batch_tokens: 640,
  gradient_checkpointing: false,
  weights_dtype: "float32",
  activations_dtype: "float32",
  generation: {
    prompts: 3,
    samples: 4,
    extends: false,
    prompt_tokens: 40,
    completion_tokens: 24,
    rows: 8,
    evaluated: 0,
  },
};
const lora = { r: 8, lora_alpha: 16, target_modules: [...LORA_MODULES] };

describe("plan()", () => {
  const cases: Record<string, Partial<PlanSettings>> = {
    "full fine-tuning": {},
    LoRA: { lora },
    "gradient checkpointing": { gradient_checkpointing: true },
    "LoRA with other ranks of some modules": {
      lora: { ...lora, rank_pattern: { q_proj: 64, "layers\\.[0-2]\\.mlp\\.down_proj": 48 } },
    },
    "LoRA of two modules with a reference": {
      lora: { ...lora, target_modules: ["q_proj", "v_proj"] },
      reference: true,
    },
    "bf16 activations": { activations_dtype: "bfloat16" },
    "bf16 activations, checkpointing": { activations_dtype: "bfloat16", gradient_checkpointing: true },
    "LoRA on bf16 weights": { lora, weights_dtype: "bfloat16" },
    "LoRA on bf16 weights with a reference, bf16 activations": {
      lora,
      reference: true,
      weights_dtype: "bfloat16",
      activations_dtype: "bfloat16",
    },
    "supervised fine-tuning with evaluation, bf16 activations": {
      kind: "sft",
      activations_dtype: "bfloat16",
      generation: { ...base.generation, prompts: 0, samples: 1, evaluated: 20 },
    },
    "LoRA of two modules on f16 weights": {
      lora: { ...lora, target_modules: ["q_proj", "v_proj"] },
      weights_dtype: "float16",
    },
    "prompts that are extended": { generation: { ...base.generation, prompts: 12, rows: 48, extends: true } },
    "many rows": { generation: { ...base.generation, prompts: 12, samples: 8, rows: 96 } },
  };
  for (const [name, change] of Object.entries(cases)) {
    it(`is the peak of live buffers to 1 %: ${name}`, { timeout: 60_000 }, async (t) => {
      const settings = { ...base, ...change };
      const reason = unreadable(await testGpu(), settings.weights_dtype);
      if (reason) return t.skip(reason);
      const gpu = await testGpu();
      const { total } = await planMemory(settings, limitsOf(gpu));
      const peak = await measurePlan(gpu, settings);
      assert.ok(Math.abs(total / peak - 1) < 0.01, `planned ${total}, counted ${peak}: ${total / peak}`);
    });
  }

  for (const name of ["full fine-tuning", "LoRA on bf16 weights", "LoRA of two modules on f16 weights"]) {
    it(`is so for a model that is decoded layer by layer: ${name}`, { timeout: 60_000 }, async (t) => {
      const gpu = await testGpu();
      const settings = { ...base, ...cases[name] };
      const reason = unreadable(gpu, settings.weights_dtype);
      if (reason) return t.skip(reason);
      gpu.largestCopy = 0;
      const { total } = await planMemory(settings, limitsOf(gpu));
      const peak = await measurePlan(gpu, settings).finally(() => gpu.largestCopy = LARGEST_COPY);
      assert.ok(Math.abs(total / peak - 1) < 0.01, `planned ${total}, counted ${peak}: ${total / peak}`);
    });
  }

  it("takes the ranks that the adapters to start from have", async () => {
    const adapter = mkdtempSync(join(tmpdir(), "ghpo-plan-"));
    const settings = { r: 8, lora_alpha: 16, target_modules: ["q_proj", "v_proj"] };
    const [equal, other] = [{}, { q_proj: 64 }].map((rank_pattern) => {
      const config = {
        peft_type: "LORA",
        task_type: "CAUSAL_LM",
        base_model_name_or_path: "x",
        ...settings,
        rank_pattern,
      };
      writeFileSync(join(adapter, "adapter_config.json"), JSON.stringify(config));
      const flags: Override[] = [[
        "lora",
        `{ r = 8, lora_alpha = 16, target_modules = ["q_proj", "v_proj"], adapter = ${
          JSON.stringify(adapter)
        } }`,
      ]];
      return planOf(loadRecipe(TrainRecipeSchema, "demo", flags), base.config);
    });
    rmSync(adapter, { recursive: true });
    const [less, more] = [await planMemory(equal!), await planMemory(other!)];
    // q_proj is 64 x 64 in 6 layers: A and B of 56 ranks more, each with two moments in f32.
    assert.equal(more.moments - less.moments, 2 * 6 * 56 * (64 + 64) * 4);
  });

  it("says what grows with what", async () => {
    const whole = await planMemory(base);
    const more = await planMemory({ ...base, micro_batch_tokens: 1280 });
    assert.equal(more.activations, 2 * whole.activations);
    assert.equal(more.weights, whole.weights);
    assert.equal(whole.moments, 2 * whole.gradients);
    assert.ok((await planMemory({ ...base, lora })).moments < whole.moments / 3);
    assert.ok(
      (await planMemory({ ...base, gradient_checkpointing: true })).activations < whole.activations / 3,
    );
    assert.ok(
      (await planMemory({ ...base, lora, weights_dtype: "bfloat16" })).weights <
        (await planMemory({ ...base, lora })).weights / 2,
    );
    const halved = await planMemory({ ...base, activations_dtype: "bfloat16" });
    assert.ok(halved.activations < 0.8 * whole.activations && halved.weights === whole.weights);
    const rows = { ...base.generation, prompts: 12, rows: 16 };
    assert.ok((await planMemory({ ...base, generation: rows })).kv > whole.kv);
  });
});

describe("largestMicroBatch()", () => {
  it("fits, and 64 tokens more do not", async () => {
    const room = 2 * (await planMemory(base)).total;
    const most = await largestMicroBatch(base, room);
    const total = async (micro_batch_tokens: number) =>
      (await planMemory({ ...base, micro_batch_tokens })).total;
    assert.ok(await total(most) <= room && await total(most + 64) > room, `${most}`);
  });

  it("is 0 where not even one sequence fits", async () => {
    assert.equal(await largestMicroBatch(base, 1 << 20), 0);
  });
});

describe("the recipes of Qwen2.5", () => {
  const bf16: Override = ["train.weights_dtype", "bfloat16"];
  const tokens = (count: number): Override => ["train.micro_batch_tokens", `${count}`];
  const cases: [size: string, room: number, ...Override[]][] = [
    ["0.5b", 8],
    ["0.5b", 4, bf16, tokens(4096)],
    ["1.5b", 24],
    ["1.5b", 16, bf16],
    ["7b", 80],
    ["7b", 32, bf16],
    ["7b", 24, bf16, tokens(2048)],
  ];
  for (const [size, room, ...overrides] of cases) {
    it(`fits ${size} into ${room} GiB ${overrides.map(([, value]) => value).join(", ")}`, async () => {
      const recipe = loadRecipe(TrainRecipeSchema, `qwen2.5-${size}`, overrides);
      const settings = planOf(recipe, QWEN25[`Qwen2.5-${size.toUpperCase()}`]!);
      const planned = await planMemory(settings);
      assert.ok(planned.total <= room * 2 ** 30, gib(planned.total));
      checkPlan(planned, DESKTOP, room * 2 ** 30);
      const most = await largestMicroBatch(settings, room * 2 ** 30);
      assert.ok(most >= recipe.train.micro_batch_tokens, `${most}`);
    });
  }
});

describe("the recipes of Qwen2.5 for several ranks", () => {
  for (const size of ["1.5b", "7b"]) {
    it(`fit ${size} into 48 GiB on each of 8`, async () => {
      const recipe = loadRecipe(TrainRecipeSchema, `qwen2.5-${size}-ranks`, []);
      assert.equal(recipe.train.shards, 8);
      const whole = planOf(recipe, QWEN25[`Qwen2.5-${size.toUpperCase()}`]!);
      const settings = ofRank(whole, 8);
      const planned = await planMemory(settings);
      assert.ok(planned.total <= 48 * 2 ** 30, gib(planned.total));
      checkPlan(planned, DESKTOP, 48 * 2 ** 30);
      // Ranks share the prompts, so that each needs less than one alone.
      assert.ok(planned.kv < (await planMemory(whole)).kv);
      const { exchange } = planRanks({ network: "100" }, 8, 8, settings, planned);
      const { share } = exchange[0]!; // all weights move a hundred times what adapters do
      assert.ok(size === "7b" ? share! < 0.005 : share! > 0.05 && share! < 0.15, `${share}`);
    });
  }
});

describe("planOfSft()", () => {
  const config = parseConfig({ ...JSON.parse(readFileSync(`${TINY}/config.json`, "utf8")) });
  const settings = (...overrides: Override[]) =>
    planOfSft(loadRecipe(SftRecipeSchema, "tiny-sft", overrides), config);

  it("shrinks with bf16 activations and with checkpointing, which recipes of sft have as well", async () => {
    const whole = await planMemory(settings());
    const halved = await planMemory(settings(["sft.activations_dtype", "bfloat16"]));
    const inputs = await planMemory(settings(["sft.gradient_checkpointing", "true"]));
    assert.ok(halved.activations < whole.activations && halved.weights === whole.weights);
    assert.ok(inputs.activations < halved.activations);
  });

  it("names the settings as a recipe of sft does", async () => {
    const planned = await planMemory(settings());
    const named = new Set(planned.buffers.map(({ setting }) => setting));
    assert.deepEqual([...named].sort(), [
      "eval.count",
      "model",
      "prompt.max_prompt_length",
      "sft.micro_batch_tokens",
    ]);
    assert.ok(await largestMicroBatch(settings(), planned.total) >= 4096);
  });
});

const planned = await planMemory(base);

describe("checkPlan()", () => {
  it("accepts what fits", () => {
    checkPlan(planned, DESKTOP, planned.total);
    assert.equal(tooLarge(planned, DESKTOP), undefined);
  });

  it("names the setting when a buffer is too large for the adapter", () => {
    const limits = { ...DESKTOP, buffer: 2 ** 30, binding: 1 << 20 };
    assert.throws(() => checkPlan(planned, limits, Infinity), {
      name: "RangeError",
      message:
        /^Cannot train as .* must fit into 1\.0 MiB on this adapter: current size is .* MiB; change [\w.]+$/,
    });
  });

  it("names the largest part when the memory is too small", () => {
    const message = `Cannot train as the plan must fit into 1.0 MiB: current total is ${gib(planned.total)}`;
    assert.throws(
      () => checkPlan(planned, DESKTOP, 1 << 20),
      (error: Error) =>
        error.message.startsWith(message) && /; change train\.micro_batch_tokens$/.test(error.message),
    );
  });
});
