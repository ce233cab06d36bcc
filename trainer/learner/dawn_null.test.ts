// Dawn's null backend checks shaders, layouts and dispatches as a real one does and runs nothing, so kernels for
// adapters that this machine lacks are compiled here too.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { create } from "webgpu";
import { candidates } from "#shared/engine/ops/matmul/autotune.ts";
import { splitConstants, splitProduct } from "#shared/engine/ops/matmul/matmul_split.ts";
import { type Gpu, LARGEST_COPY, openGpu, PRODUCTS } from "#shared/engine/gpu/device.ts";
import type { Dtype } from "#shared/engine/ops/storage/dtype.ts";
import { Generator } from "#shared/engine/generation/generate.ts";
import { randomModel } from "#shared/engine/model/initialise.ts";
import { parseConfig } from "#shared/engine/model/config.ts";
import { Lora } from "#shared/engine/lora/lora.ts";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import { Learner } from "./learner.ts";
import { Optimizer } from "./optimizer.ts";

const OPS = `${import.meta.dirname}/../../shared/engine/ops`;

dawn(); // installs WebGPU's globals
const kept = globalThis as { __ghpoNullDawn?: GPU };
kept.__ghpoNullDawn ??= create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]);

/**
 * The null backend, which has the feature but lists no configurations, as an adapter that multiplies these. Its
 * subgroups of up to 128 lanes would take more than its 256 threads; of 64 they fit, and make a multiple of 128.
 */
function withMatrixUnits(
  ...configs: [component: string, result: string, M: number, N: number, K: number][]
): GPU {
  const requestAdapter = async () => {
    const adapter = (await kept.__ghpoNullDawn!.requestAdapter())!;
    const { features, limits, info: { vendor, subgroupMinSize } } = adapter;
    const subgroupMatrixConfigs = configs.map(([componentType, resultComponentType, M, N, K]) => {
      return { componentType, resultComponentType, M, N, K };
    });
    return {
      features,
      limits,
      info: { vendor, subgroupMinSize, subgroupMaxSize: 64, subgroupMatrixConfigs },
      requestDevice: (descriptor: GPUDeviceDescriptor) => adapter.requestDevice(descriptor),
    };
  };
  return {
    requestAdapter,
    wgslLanguageFeatures: kept.__ghpoNullDawn!.wgslLanguageFeatures,
  } as unknown as GPU;
}

const MODELS = [
  { model_type: "qwen3", dtype: "float32", adapters: false }, // norms of queries and keys
  { model_type: "qwen2", dtype: "float32", adapters: true }, // biases of queries, keys and values
  { model_type: "llama", attention_bias: true, mlp_bias: true, dtype: "float32", adapters: false }, // and of the rest
  { model_type: "qwen2", dtype: "bfloat16", adapters: true },
  { model_type: "qwen2", dtype: "float16", adapters: true },
] as const;

/** Files that are put together to the text of a kernel. */
const PARTS = [
  "decode_state",
  "segments",
  "lanes",
  "matmul_split",
  "row_of",
  "sample_race",
  "sample_emit",
  "decode_attention_subgroup",
  "decode_step",
];

/** A whole step: generation, forward, backward, update; with what a model can have besides its matrices. */
async function step(
  gpu: Gpu,
  { dtype, adapters, ...kind }: {
    model_type: string;
    attention_bias?: boolean;
    dtype: Dtype;
    adapters: boolean;
  },
): Promise<void> {
  const config = parseConfig({
    ...kind,
    hidden_size: 64,
    num_hidden_layers: 2,
    intermediate_size: 96,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 16,
    vocab_size: 52,
    rms_norm_eps: 1e-6,
    rope_theta: 10000,
    tie_word_embeddings: true,
    max_position_embeddings: 64,
  });
  const model = randomModel(gpu, config, 1, dtype);
  const settings = {
    micro_batch_tokens: 64,
    temperature: 1,
    activations_dtype: dtype === "float32" ? dtype : "bfloat16",
  } as const;
  const lora = adapters
    ? new Lora(model, { r: 4, lora_alpha: 8, target_modules: ["q_proj", "v_proj", "up_proj"] }, 64, 5)
    : undefined;
  const learner = new Learner(model, settings, lora);
  const optimizer = new Optimizer(lora ?? model, learner.gradients.buffers, {
    adam_beta1: 0.9,
    adam_beta2: 0.95,
    adam_epsilon: 1e-8,
    weight_decay: 0.01,
    max_grad_norm: 1,
  });
  for (const largestCopy of [LARGEST_COPY, 0]) { // as a small model and as a large one
    gpu.largestCopy = largestCopy;
    for (const samples of [1, 8, 17]) { // a row by itself, small tiles and large ones
      const generator = new Generator(model);
      const sampling = { max_tokens: 3, temperature: 1, greedy: false, seed: 1, eos_ids: [51] };
      await generator.generate([{ prompt_ids: [1, 2, 3], samples, key: [0, 0] }], sampling);
    }
  }
  const pass = await learner.forward([{ ids: [1, 2, 3, 4, 5], prompt_length: 2 }]);
  await learner.backward(pass, [Float32Array.of(1, 1, 1)]);
  await optimizer.step(1e-3);
  lora?.merge();
}

describe("Dawn's null backend", () => {
  it("compiles every kernel in every variant", { timeout: 60_000 }, async () => {
    const labels = new Set<string>();
    for (const products of PRODUCTS) {
      for (const immediates of [true, false]) {
        for (const kind of MODELS) {
          const units = withMatrixUnits(["f32", "f32", 8, 8, 8], ["f16", "f32", 16, 16, 16]);
          const gpu = await openGpu(units, { profile: "gpu" });
          assert.ok(gpu.offers("matrix") && gpu.offers("matrix_f16"));
          assert.ok(gpu.device.features.has("subgroups"), "the null backend has subgroups");
          gpu.chosen = products;
          gpu.subgroups8 = products === "subgroups8";
          gpu.immediates = immediates;
          const create = gpu.device.createComputePipeline;
          gpu.device.createComputePipeline = (descriptor) => {
            labels.add(descriptor.label!.replace(/ of b?float16$/, ""));
            return create.call(gpu.device, descriptor);
          };
          await step(gpu, kind);
          await gpu.idle();
          gpu.check();
          gpu.close();
        }
      }
    }
    const files = readdirSync(OPS, { recursive: true, encoding: "utf8" }).filter((path) =>
      path.endsWith(".wgsl")
    )
      .map((path) => basename(path, ".wgsl"));
    const missing = files.filter((name) => !labels.has(name) && !PARTS.includes(name));
    assert.deepEqual(missing, []);
    for (const kind of ["nn", "nt", "tn"]) {
      for (const variant of ["subgroup", "workgroup", "matrix", "split"]) {
        assert.ok(labels.has(`matmul_${kind}_${variant}`));
      }
    }
    for (const rows of [4, 16]) assert.ok(labels.has(`decode_matmul_subgroup of ${rows} rows`));
    for (const rows of [8, 16]) assert.ok(labels.has(`decode_step of ${rows} rows`));
  });

  it("multiplies by matrix units only where a hardware adapter lists what the kernels need", async () => {
    const [single, half] = [["f32", "f32", 8, 8, 8], ["f16", "f32", 16, 8, 16]] as const;
    const cases = [
      [withMatrixUnits([...single]), { profile: "gpu" }, "matrix"],
      [withMatrixUnits([...half]), { profile: "gpu" }, "matrix_f16"],
      [withMatrixUnits([...single]), { profile: "gpu", variants: "base" }, undefined],
      [withMatrixUnits([...half]), { profile: "gpu", variants: "base" }, undefined],
      [withMatrixUnits([...single], [...half]), { profile: "cpu" }, undefined],
      [withMatrixUnits(["f32", "f32", 16, 16, 16]), { profile: "gpu" }, undefined],
      [withMatrixUnits(["f16", "f16", 16, 16, 16]), { profile: "gpu" }, undefined], // sums of 11 bits
      [withMatrixUnits(["f16", "f32", 32, 32, 16]), { profile: "gpu" }, undefined], // larger than a tile
      [kept.__ghpoNullDawn, { profile: "gpu" }, undefined],
    ] as const;
    for (const [entry, options, expected] of cases) {
      const gpu = await openGpu(entry, options);
      for (const products of ["matrix", "matrix_f16"] as const) {
        assert.equal(gpu.offers(products), products === expected);
        assert.equal(candidates(gpu).includes(products), products === expected);
      }
      const feature = "chromium-experimental-subgroup-matrix" as GPUFeatureName;
      assert.equal(gpu.device.features.has(feature), expected !== undefined);
      gpu.close();
    }
  });

  it("compiles products by units for f16 of every shape that adapters have, and takes the largest", async () => {
    for (const [M, N, K] of [[8, 8, 8], [8, 16, 16], [16, 8, 8], [16, 8, 16], [16, 16, 16]] as const) {
      const gpu = await openGpu(withMatrixUnits(["f16", "f32", 8, 8, 8], ["f16", "f32", M, N, K]), {
        profile: "gpu",
      });
      assert.deepEqual(gpu.halfUnits, { M, N, K, lanes: 64, roomy: false });
      for (const kind of ["nn", "nt", "tn"] as const) {
        gpu.kernel(`matmul_${kind}_split`, splitProduct, splitConstants(kind, gpu.halfUnits));
      }
      await gpu.idle();
      gpu.check();
      gpu.close();
    }
  });

  it("refuses a kernel that does not compile", async () => {
    const gpu = await openGpu(kept.__ghpoNullDawn);
    gpu.kernel(
      "broken",
      "struct Params { n: u32 }\n@compute @workgroup_size(1) fn main() { let x = 1u + 1.0f; }",
    );
    await gpu.idle().catch(() => {});
    await assert.rejects(gpu.idle(), /^Error: Cannot continue as WebGPU refused a command/);
    gpu.close();
  });
});
