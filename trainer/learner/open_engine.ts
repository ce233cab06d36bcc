// From a recipe's settings to a policy on this machine's GPU, refused where it cannot fit.

import { totalmem } from "node:os";
import { Lora } from "#shared/engine/lora/lora.ts";
import { loadAdapters, mergeAdapters, readAdapterSettings } from "#shared/engine/lora/peft.ts";
import type { Model } from "#shared/engine/model/weights.ts";
import { limitsOf } from "#shared/engine/gpu/counting_gpu.ts";
import { type Gpu, openGpu } from "#shared/engine/gpu/device.ts";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import { randomModel } from "#shared/engine/model/initialise.ts";
import { checkEnds, loadConfig, loadModel } from "#shared/engine/model/load.ts";
import { checkProducts } from "#shared/engine/ops/matmul/check_products.ts";
import { checkEngine } from "#shared/engine/self_test/check_engine.ts";
import { chooseProducts } from "#shared/engine/ops/matmul/choose_products.ts";
import type { Dtype } from "#shared/engine/ops/storage/dtype.ts";
import { loadTokenizer } from "#shared/io/tokenizer_files.ts";
import { checkPlan, planMemory } from "../memory/memory_plan.ts";
import type { PlanSettings } from "../memory/settings.ts";
import { useKernels } from "../run/kernel_choice.ts";
import { SOLO, type Team } from "../team/team.ts";
import { EnginePolicy, type PolicyOptions } from "./gpu_policy.ts";

export interface EngineOptions extends PolicyOptions {
  /** Random initial weights from this seed; `model` then holds configuration and tokenizer. */
  randomSeed?: number;
  /** Whether a copy of the initial model is kept for the KL penalty. */
  reference: boolean;
  /** How the weights are stored on the GPU; anything but float32 needs `lora`. */
  weights_dtype?: Dtype;
  /** "base" for the portable kernels alone. */
  variants?: "auto" | "base";
  /** Those of the checkpoint that a run resumes from, as its manifest names them. */
  kernels?: string | undefined;
  /** Checked against the adapter before anything is loaded. */
  plan?: PlanSettings;
  /** The ranks that train this model together, which use rank 0's kernels; alone unless given. */
  team?: Team;
}

/** Opens the GPU, checks that it computes correctly, and loads a model for training. */
export async function openEngine(options: EngineOptions): Promise<EnginePolicy> {
  const tokenizer = loadTokenizer(options.model);
  const config = loadConfig(options.model);
  checkEnds(config, options.model);
  tokenizer.limit(config.vocab_size);
  const { team = SOLO } = options;
  const gpu = await openGpu(dawn(), { variants: options.variants ?? "auto" });
  await checkProducts(gpu);
  const kernels = await team.fromFirst("the choice of kernels", async () => {
    if (options.kernels !== undefined) await useKernels(gpu, options.kernels);
    else if (options.variants !== "base") await chooseProducts(gpu);
    return gpu.variants;
  });
  if (!team.first) await useKernels(gpu, kernels);
  await checkEngine(gpu, "training", config);
  const memory = options.plan && await fitting(options.plan, gpu);
  const load = () =>
    options.randomSeed === undefined
      ? loadModel(gpu, options.model, options.weights_dtype)
      : randomModel(gpu, config, options.randomSeed, options.weights_dtype);
  const reference = options.reference ? load() : null;
  if (reference && options.lora?.adapter) startAdapters(reference, options.lora.adapter);
  const policy = new EnginePolicy(load(), reference, tokenizer, options);
  policy.memory = memory;
  return policy;
}

/** What is planned, or an error where it cannot fit. WebGPU does not say how much memory there is; a software adapter has the machine's. */
async function fitting(settings: PlanSettings, gpu: Gpu): Promise<Record<string, number>> {
  const limits = limitsOf(gpu);
  const planned = await planMemory(settings, limits);
  checkPlan(planned, limits, gpu.profile === "cpu" ? totalmem() : Infinity);
  const { buffers: _, ...bytes } = planned;
  return bytes;
}

/** The reference of KL is the policy that training starts from, adapters included. Those of 16-bit weights stay beside them. */
function startAdapters(reference: Model, adapter: string): void {
  if (reference.dtype === "float32") return mergeAdapters(reference, adapter);
  loadAdapters(new Lora(reference, readAdapterSettings(adapter), 1, null), adapter);
}
