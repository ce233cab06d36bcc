// A checkpoint on a GPU, ready to generate: kernels are tested and chosen before its weights are loaded.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import { checkAdapter, mergeAdapters } from "#shared/engine/lora/peft.ts";
import type { ModelConfig } from "#shared/engine/model/config.ts";
import { checkEnds, loadConfig, loadModel } from "#shared/engine/model/load.ts";
import type { Model } from "#shared/engine/model/weights.ts";
import { checkProducts } from "#shared/engine/ops/matmul/check_products.ts";
import { chooseProducts } from "#shared/engine/ops/matmul/choose_products.ts";
import { checkEngine } from "#shared/engine/self_test/check_engine.ts";

/** Tests the kernels that generate, for such a model where one is given, and chooses the fastest. Throws when the GPU computes garbage. */
export async function prepareToGenerate(gpu: Gpu, like?: ModelConfig): Promise<void> {
  await checkProducts(gpu);
  await chooseProducts(gpu);
  await checkEngine(gpu, "generation", like);
}

/** Loads a Hugging Face directory, with a PEFT adapter merged into it where one is given; closes the GPU where that fails. */
export async function openCheckpoint(gpu: Gpu, directory: string, adapter?: string): Promise<Model> {
  try {
    const config = loadConfig(directory);
    if (adapter !== undefined) checkAdapter(adapter, config);
    await prepareToGenerate(gpu, config);
    const model = loadModel(gpu, directory);
    if (adapter !== undefined) mergeAdapters(model, adapter);
    checkEnds(model.config, directory);
    return model;
  } catch (error) {
    gpu.close();
    throw error;
  }
}
