// A model as a directory that transformers loads: config.json, generation_config.json, model.safetensors.

import { writeFileAtomic } from "#shared/io/atomic.ts";
import type { StoredType } from "#shared/io/safetensors.ts";
import { writeWeights } from "#shared/io/weights.ts";
import { configJson } from "./config.ts";
import { readParameter } from "./storage.ts";
import { type HfTensor, type Model, toHf } from "./weights.ts";

/**
 * Writes the model into an existing directory, the weights last. The tokenizer is the caller's to write.
 * @param options.dtype F32 (the default) or BF16, rounded to nearest.
 * @param options.maxShardBytes Larger models are written as shards with an index.
 */
export async function saveModel(
  model: Model,
  directory: string,
  options: { dtype?: StoredType; maxShardBytes?: number } = {},
): Promise<void> {
  const { config } = model;
  const dtype = options.dtype === "BF16" ? "bfloat16" : "float32";
  const tensors = await readTensors(model);
  const main = configJson(config, dtype);
  const generation = { bos_token_id: config.bos_token_id, eos_token_id: main.eos_token_id };
  writeFileAtomic(`${directory}/config.json`, `${JSON.stringify(main, null, 2)}\n`);
  writeFileAtomic(`${directory}/generation_config.json`, `${JSON.stringify(generation, null, 2)}\n`);
  writeWeights(directory, tensors, options);
}

/** Every tensor of the model under its Hugging Face name. */
export async function readTensors(model: Model): Promise<HfTensor[]> {
  const tensors: HfTensor[] = [];
  for (const parameter of model.parameters()) {
    tensors.push(...toHf(parameter, await readParameter(model, parameter)));
  }
  return tensors;
}
