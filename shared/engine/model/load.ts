// A model directory in the Hugging Face layout onto the GPU: config.json, generation_config.json where there is
// one, model.safetensors or its shards in f32, f16 or bf16. Read block by block, so the host holds little: of a table of
// tokens some megabytes, of a block's matrices one at a time.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import type { Dtype } from "#shared/engine/ops/storage/dtype.ts";
import { errorCode, readJson } from "#shared/io/files.ts";
import type { Rows } from "#shared/io/safetensors.ts";
import { WeightFiles } from "#shared/io/weights.ts";
import { type ModelConfig, parseConfig, parseEos } from "./config.ts";
import { isTable, writeParameter } from "./storage.ts";
import { fromHf, Model, parameterLayouts, rowBlocks, type Source } from "./weights.ts";

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
      readWeights(model, files);
      return model;
    } catch (error) {
      model.destroy();
      throw error;
    }
  } finally {
    files.close();
  }
}

/**
 * Overwrites the weights of a model. Tables of tokens go to the GPU block by block; all other matrices pass through
 * one array, as arrays of their own would wait for the garbage collector side by side.
 */
export function readWeights(model: Model, files: WeightFiles): void {
  const sizes = model.parameters().filter((own) => !isTable(own)).map(({ rows, cols }) => rows * cols);
  const scratch = new Float32Array(Math.max(...sizes));
  for (const parameter of model.parameters()) {
    const read = ({ name, shape }: Source, rows: Rows) => files.read(name, shape, rows);
    if (!isTable(parameter)) {
      const data = scratch.subarray(0, parameter.rows * parameter.cols);
      writeParameter(model.gpu, parameter, fromHf(parameter, read, data));
      continue;
    }
    const source = parameter.sources[0]!;
    for (const rows of rowBlocks(source.shape)) {
      writeParameter(model.gpu, parameter, read(source, rows), rows.first);
    }
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
