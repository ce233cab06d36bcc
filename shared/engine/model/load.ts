// A model directory in the Hugging Face layout, or a GGUF file, onto the GPU: config.json, generation_config.json where there is
// one, model.safetensors or its shards in f32, f16 or bf16. Read block by block, so the host holds little: of a table of
// tokens some megabytes, of a block's matrices one at a time.

import * as v from "valibot";
import type { Gpu } from "#shared/engine/gpu/device.ts";
import type { Dtype } from "#shared/engine/ops/storage/dtype.ts";
import { errorCode, readJson } from "#shared/io/files.ts";
import { requireReadable } from "#shared/io/safetensors.ts";
import { type Rows, tensorNamed } from "#shared/io/tensor_file.ts";
import { GgufFile, ggufOf } from "#shared/io/gguf.ts";
import { hasTokenizer, tokenizerParts } from "#shared/io/tokenizer_files.ts";
import { hasWeights, WeightFiles } from "#shared/io/weights.ts";
import { ggufConfig, GgufWeights } from "./gguf.ts";
import { type ModelConfig, parseConfig, parseEos } from "./config.ts";
import { isTable, writeParameter } from "./storage.ts";
import { fromHf, rowBlocks, type TensorSource } from "./layout.ts";
import { Model, parameterLayouts } from "./weights.ts";

/** The tensors of a model, wherever they are. */
type Weights = Pick<WeightFiles, "read"> & {
  tensors: ReadonlyMap<string, { shape: readonly number[]; dtype?: string }>;
};

const EMBEDDINGS = "model.embed_tokens.weight";
const HEAD = "lm_head.weight";
const TokenizerConfigSchema = v.looseObject({
  eos_token: v.nullish(v.union([v.string(), v.looseObject({ content: v.string() })])),
});
const TokenizerSchema = v.looseObject({
  added_tokens: v.nullish(v.array(v.looseObject({ id: v.number(), content: v.string() }))),
  model: v.nullish(
    v.looseObject({ vocab: v.fallback(v.optional(v.record(v.string(), v.number())), undefined) }),
  ),
});

/**
 * Loads the model of a directory.
 * @param dtype how matrices are stored on the GPU, whatever the type in the file; bf16 is for frozen ones
 * @throws Error in one sentence for a missing file, an unknown architecture, or a tensor that is missing, of another
 * shape or type, or does not belong to the model.
 */
export function loadModel(gpu: Gpu, directory: string, dtype: Dtype = "float32"): Model {
  const config = loadConfig(directory);
  const files = openWeights(directory);
  try {
    checkTensors(config, files, directory);
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
 * Throws one sentence where weight files are missing or cut off, or tensors are missing or of another shape or type;
 * reads the heads of the files only.
 */
export function checkWeights(directory: string): void {
  const files = openWeights(directory);
  try {
    checkTensors(loadConfig(directory), files, directory);
  } finally {
    files.close();
  }
}

function openWeights(directory: string): WeightFiles | GgufWeights {
  const gguf = ggufOf(directory);
  return gguf ? new GgufWeights(new GgufFile(gguf)) : new WeightFiles(directory);
}

/**
 * Overwrites the weights of a model. Tables of tokens go to the GPU block by block; all other matrices pass through
 * one array, as arrays of their own would wait for the garbage collector side by side.
 * @throws RangeError for a number that is not finite.
 */
export function readWeights(model: Model, files: Weights): void {
  const sizes = model.parameters().filter((own) => !isTable(own)).map(({ rows, cols }) => rows * cols);
  const scratch = new Float32Array(Math.max(...sizes));
  for (const parameter of model.parameters()) {
    const read = (source: TensorSource, rows: Rows) => readFinite(files, source, rows);
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

/**
 * The configuration of a model directory: config.json, with what the other files have to say. A turn ends with the
 * tokenizer's eos_token, which comes first; generation_config.json goes before config.json. A head that is said to be
 * tied and differs from the embeddings is one of its own, as in transformers 5.
 */
export function loadConfig(directory: string): ModelConfig {
  const gguf = ggufOf(directory);
  if (gguf !== undefined) {
    const file = new GgufFile(gguf);
    try {
      return parseConfig(ggufConfig(file));
    } finally {
      file.close();
    }
  }
  const config = parseConfig(readJson(`${directory}/config.json`));
  const generation = parseEos(readOptional(`${directory}/generation_config.json`) ?? {});
  const ends = generation.length > 0 ? generation : config.eos_token_ids;
  const turn = endOfTurn(directory, config.vocab_size);
  return {
    ...config,
    tie_word_embeddings: config.tie_word_embeddings && !hasOwnHead(directory),
    eos_token_ids: turn === undefined ? ends : [turn, ...ends.filter((id) => id !== turn)],
  };
}

/** @throws TypeError when neither the tokenizer nor the configuration names an end token: nothing would end. */
export function checkEnds({ eos_token_ids }: ModelConfig, directory: string): void {
  if (eos_token_ids.length > 0) return;
  throw new TypeError(
    `Cannot generate with ${directory} as none of its files names an end token: set eos_token in ` +
      "tokenizer_config.json or eos_token_id in generation_config.json",
  );
}

/** The id of the tokenizer's eos_token; undefined where it has none, or none that the model could give. */
function endOfTurn(directory: string, rows: number): number | undefined {
  if (!hasTokenizer(directory)) return undefined;
  const { tokenizer, config } = tokenizerParts(directory);
  const { eos_token } = v.parse(TokenizerConfigSchema, config);
  const token = typeof eos_token === "string" ? eos_token : eos_token?.content;
  if (token === undefined) return undefined;
  const { added_tokens, model } = v.parse(TokenizerSchema, tokenizer);
  const id = added_tokens?.find(({ content }) => content === token)?.id ?? model?.vocab?.[token];
  return id === undefined || id >= rows ? undefined : id;
}

/** Whether the weights hold a head and embeddings that differ. */
function hasOwnHead(directory: string): boolean {
  if (!hasWeights(directory)) return false;
  const files = new WeightFiles(directory);
  try {
    const shape = files.tensors.get(HEAD)?.shape;
    if (!shape || !files.tensors.has(EMBEDDINGS)) return false;
    for (const rows of rowBlocks(shape)) {
      const [head, embeddings] = [files.read(HEAD, shape, rows), files.read(EMBEDDINGS, shape, rows)];
      if (head.some((number, i) => number !== embeddings[i])) return true;
    }
    return false;
  } finally {
    files.close();
  }
}

/** Rows of a tensor; a tied table may be there under the name of the head alone. */
function readFinite(files: Weights, { name, shape }: TensorSource, rows: Rows): Float32Array {
  const data = files.read(name === EMBEDDINGS && !files.tensors.has(name) ? HEAD : name, shape, rows);
  checkFinite(name, data);
  return data;
}

/** @throws RangeError for a number that is infinite or none: everything computed from it would be. */
export function checkFinite(name: string, data: Float32Array): void {
  let sum = 0; // stays 0 unless a number is infinite or none
  for (let i = 0; i < data.length; i++) sum += data[i]! * 0;
  if (sum !== 0) {
    const bad = data.find((number) => !Number.isFinite(number));
    throw new RangeError(
      `Cannot load tensor ${name} as its numbers must be finite: current number is ${bad}`,
    );
  }
}

/** The JSON of a file, or undefined where there is none. */
export function readOptional(path: string): unknown {
  try {
    return readJson(path);
  } catch (error) {
    if (error instanceof Error && errorCode(error.cause) === "ENOENT") return undefined;
    throw error;
  }
}

/** Before anything is allocated: every tensor of the model is there, in its shape and a type that is read, and no other. */
function checkTensors(config: ModelConfig, files: Weights, directory: string): void {
  const sources = parameterLayouts(config).flatMap((layout) => layout.sources);
  const shapes = new Map(sources.map(({ name, shape }) => [name, shape]));
  if (config.tie_word_embeddings && files.tensors.has(HEAD)) {
    shapes.set(HEAD, shapes.get(EMBEDDINGS)!); // some files repeat the table, or have it under this name alone
    if (!files.tensors.has(EMBEDDINGS)) shapes.delete(EMBEDDINGS);
  }
  for (const [name, shape] of shapes) {
    const { dtype } = tensorNamed({ path: directory, tensors: files.tensors }, name, shape);
    if (dtype !== undefined) requireReadable(directory, name, dtype);
  }
  // Old files keep a table that is computed from the configuration.
  for (const name of files.tensors.keys()) {
    if (!shapes.has(name) && !name.endsWith(".rotary_emb.inv_freq")) {
      throw new TypeError(
        `Cannot load ${directory} as tensor ${name} does not belong to its ${config.model_type} model`,
      );
    }
  }
}
