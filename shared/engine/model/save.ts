// A model as a directory that transformers loads: config.json, generation_config.json, model.safetensors.

import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { writeSafetensors } from "#shared/io/safetensors_writer.ts";
import { type WeightOptions, weightShards, writeIndex } from "#shared/io/weights.ts";
import { configJson } from "./config.ts";
import { readParameter } from "./storage.ts";
import { type HfTensor, toHf } from "./layout.ts";
import type { Model, Parameter } from "./weights.ts";

/**
 * Writes the model into an existing directory, the weights last; the host holds one shard at a time. The tokenizer is
 * the caller's to write.
 * @param options.dtype F32 (the default) or BF16, rounded to nearest.
 * @param options.maxShardBytes Larger models are written as shards with an index.
 */
export async function saveModel(model: Model, directory: string, options: WeightOptions = {}): Promise<void> {
  const { config } = model;
  const dtype = options.dtype === "BF16" ? "bfloat16" : "float32";
  const main = configJson(config, dtype);
  const generation = { bos_token_id: config.bos_token_id, eos_token_id: config.eos_token_ids };
  writeFileAtomic(`${directory}/config.json`, `${JSON.stringify(main, null, 2)}\n`);
  writeFileAtomic(`${directory}/generation_config.json`, `${JSON.stringify(generation, null, 2)}\n`);
  const sources = model.parameters().flatMap((parameter) =>
    parameter.sources.map(({ name, shape }) => ({ name, shape, parameter }))
  );
  const shards = weightShards(sources, options);
  let last: { parameter: Parameter; tensors: HfTensor[] } | undefined; // a parameter may end in the next shard
  for (const { file, tensors } of shards) {
    const content: HfTensor[] = [];
    for (const { name, parameter } of tensors) {
      if (last?.parameter !== parameter) {
        last = { parameter, tensors: toHf(parameter, await readParameter(model, parameter)) };
      }
      content.push(last.tensors.find((tensor) => tensor.name === name)!);
    }
    writeSafetensors(`${directory}/${file}`, content, options);
  }
  writeIndex(directory, shards, options.dtype);
}

/** Every tensor of the model under its Hugging Face name. */
export async function readTensors(model: Model): Promise<HfTensor[]> {
  const tensors: HfTensor[] = [];
  for (const parameter of model.parameters()) {
    tensors.push(...toHf(parameter, await readParameter(model, parameter)));
  }
  return tensors;
}
