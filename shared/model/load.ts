// A model directory in the Hugging Face layout onto the GPU: config.json, generation_config.json where there is
// one, model.safetensors or its shards in f32, f16 or bf16. Read tensor by tensor, so the host holds little.

import type { Gpu } from "#shared/gpu/device.ts";
import type { Dtype } from "#shared/kernels/bf16.ts";
import { errorCode, readJson } from "#shared/io/files.ts";
import { WeightFiles } from "#shared/io/weights.ts";
import { type ModelConfig, parseConfig, parseEos } from "./config.ts";
import { writeParameter } from "./storage.ts";
import { fromHf, Model, parameterLayouts } from "./weights.ts";

/**
 * Loads the model of a directory.
 * @param dtype how matrices are stored on the GPU, whatever the type in the file; bf16 is for frozen ones
 * @throws Error in one sentence for a missing file, an unknown architecture, or a tensor that is missing, of another
 * shape or type, or does not belong to the model.
 */
export function loadModel(gpu: Gpu, directory: string, dtype: Dtype = "float32"): Model {
  const config = loadConfig(directory);
  const files = new WeightFiles(directory);
  try {
    checkNames(config, files, directory);
    const model = new Model(gpu, config, dtype);
    try {
      for (const parameter of model.parameters()) {
        writeParameter(gpu, parameter, fromHf(parameter, ({ name, shape }) => files.read(name, shape)));
      }
      return model;
    } catch (error) {
      model.destroy();
      throw error;
    }
  } finally {
    files.close();
  }
}

/** The configuration of a model directory; generation_config.json has the last word on the end tokens. */
export function loadConfig(directory: string): ModelConfig {
  const config = parseConfig(readJson(`${directory}/config.json`));
  const eos = parseEos(readOptional(`${directory}/generation_config.json`) ?? {});
  return eos.length > 0 ? { ...config, eos_token_ids: eos } : config;
}

function readOptional(path: string): unknown {
  try {
    return readJson(path);
  } catch (error) {
    if (error instanceof Error && errorCode(error.cause) === "ENOENT") return undefined;
    throw error;
  }
}

/** Before anything is allocated: every tensor of the model is there, and no other. */
function checkNames(config: ModelConfig, files: WeightFiles, directory: string): void {
  const names = new Set(parameterLayouts(config).flatMap(({ sources }) => sources.map(({ name }) => name)));
  for (const name of names) {
    if (!files.tensors.has(name)) {
      throw new TypeError(`Cannot load ${directory} as tensor ${name} is missing`);
    }
  }
  // Some files repeat the tied head, and old ones keep a table that is computed from the configuration.
  if (config.tie_word_embeddings) names.add("lm_head.weight");
  for (const name of files.tensors.keys()) {
    if (!names.has(name) && !name.endsWith(".rotary_emb.inv_freq")) {
      throw new TypeError(
        `Cannot load ${directory} as tensor ${name} does not belong to its ${config.model_type} model`,
      );
    }
  }
}
