// LoRA adapters as the files of the PEFT library: adapter_config.json and adapter_model.safetensors.

import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { readJson } from "#shared/io/files.ts";
import { SafetensorsFile } from "#shared/io/safetensors.ts";
import { tensorNamed } from "#shared/io/tensor_file.ts";
import { writeSafetensors } from "#shared/io/safetensors_writer.ts";
import { checkFinite } from "#shared/engine/model/load.ts";
import { fromHf, type HfTensor, toHf } from "#shared/engine/model/layout.ts";
import type { ModelConfig } from "#shared/engine/model/config.ts";
import { type Model, parameterLayouts } from "#shared/engine/model/weights.ts";
import { type AdapterTensor, adapterTensors, Lora, type LoraSettings, uselessPatterns } from "./lora.ts";
import { parseAdapterConfig } from "./peft_config.ts";

const CONFIG = "adapter_config.json";
const WEIGHTS = "adapter_model.safetensors";
const KEYS = ["r", "lora_alpha", "target_modules", "use_rslora", "rank_pattern", "alpha_pattern"] as const;
const ABSENT: Partial<LoraSettings> = { use_rslora: false, rank_pattern: {}, alpha_pattern: {} };

/** `[lora]` of a recipe: null is what it leaves to the adapters that it starts from. */
export interface LoraRecipe extends Pick<LoraSettings, "r" | "lora_alpha" | "target_modules"> {
  use_rslora?: boolean | null;
  rank_pattern?: Readonly<Record<string, number>> | null;
  alpha_pattern?: Readonly<Record<string, number>> | null;
  /** Directory of adapters to start from; null: new ones. */
  adapter?: string | null;
}

/**
 * The settings of the adapters that a recipe asks for.
 * @throws TypeError naming the key by which the adapters to start from ask for what is not implemented.
 */
export function adapterSettings(asked: LoraRecipe): LoraSettings {
  const { r, lora_alpha, target_modules, adapter } = asked;
  return {
    ...(adapter ? readAdapterSettings(adapter) : ABSENT),
    ...said(asked),
    r,
    lora_alpha,
    target_modules,
  };
}

/** A sentence for each pattern of new adapters that means none of their matrices; PEFT passes over it. */
export function patternFaults(config: ModelConfig, asked: LoraRecipe): string[] {
  return uselessPatterns(parameterLayouts(config), adapterSettings(asked)).map((key) =>
    `${
      JSON.stringify(key)
    } of lora.rank_pattern or lora.alpha_pattern matches none of the matrices that get adapters`
  );
}

function said(asked: Partial<LoraRecipe>): Partial<LoraSettings> {
  return Object.fromEntries(KEYS.flatMap((name) => asked[name] == null ? [] : [[name, asked[name]]]));
}

/** @param baseModel name or path of the frozen model, for readers of the adapters' files */
export async function saveAdapters(lora: Lora, directory: string, baseModel: string): Promise<void> {
  const { r, lora_alpha, target_modules, use_rslora, rank_pattern, alpha_pattern } = lora.settings;
  const config = {
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    base_model_name_or_path: baseModel,
    r,
    lora_alpha,
    target_modules,
    use_rslora: use_rslora ?? false,
    rank_pattern: rank_pattern ?? {},
    alpha_pattern: alpha_pattern ?? {},
    lora_dropout: 0,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
  };
  const tensors: HfTensor[] = [];
  for (const parameter of lora.parameters()) {
    tensors.push(...toHf(parameter, await lora.gpu.readFloats(parameter.buffer)));
  }
  writeFileAtomic(`${directory}/${CONFIG}`, `${JSON.stringify(config, null, 2)}\n`);
  writeSafetensors(`${directory}/${WEIGHTS}`, tensors);
}

/** What an adapter directory was made with: the settings of the `Lora` to load it into. */
export function readAdapterSettings(directory: string): Required<LoraSettings> {
  const path = `${directory}/${CONFIG}`;
  return parseAdapterConfig(readJson(path), path);
}

/**
 * Reads the heads of the files only.
 * @param asked what the adapters must be, as far as that is said
 * @throws TypeError in one sentence when rank, alpha or modules are others, or a tensor is missing, has another shape
 * or does not belong to such adapters of the model.
 */
export function checkAdapter(
  directory: string,
  config: ModelConfig,
  asked: Partial<LoraRecipe> = {},
): void {
  const stored = readAdapterSettings(directory);
  checkSame(directory, { ...stored, ...said(asked) }, stored);
  const file = new SafetensorsFile(`${directory}/${WEIGHTS}`);
  try {
    checkTensors(file, adapterTensors(parameterLayouts(config), stored));
  } finally {
    file.close();
  }
}

/**
 * Adds the adapters of a directory to the weights of a model in f32, for good.
 * @throws TypeError for adapters that are not for this model or not implemented.
 */
export function mergeAdapters(model: Model, directory: string): void {
  const lora = new Lora(model, readAdapterSettings(directory), 1, 0);
  try {
    loadAdapters(lora, directory);
  } finally {
    lora.destroy(); // what was merged stays
  }
}

/**
 * Fills the adapters from a directory and merges them into the model.
 * @throws TypeError when rank, alpha or modules are others, or a tensor is missing or does not belong.
 */
export function loadAdapters(lora: Lora, directory: string): void {
  checkSame(directory, lora.settings, readAdapterSettings(directory));
  const file = new SafetensorsFile(`${directory}/${WEIGHTS}`);
  try {
    checkTensors(file, lora.parameters().flatMap(({ sources }) => sources));
    const data = lora.parameters().map((parameter) =>
      fromHf(parameter, ({ name, shape }, rows) => {
        const tensor = file.read(name, shape, rows);
        checkFinite(name, tensor);
        return tensor;
      })
    );
    lora.parameters().forEach(({ buffer }, i) => lora.gpu.write(buffer, data[i]!));
  } finally {
    file.close();
  }
  lora.merge();
}

function checkSame(directory: string, own: LoraSettings, stored: Required<LoraSettings>): void {
  const shown = (value: unknown) =>
    Array.isArray(value) ? value.toSorted().join(", ") : JSON.stringify(value);
  for (const name of KEYS) {
    const [needed, current] = [shown(own[name] ?? ABSENT[name]), shown(stored[name])];
    if (needed === current) continue;
    throw new TypeError(
      `Cannot load the adapters of ${directory} as ${name} must be ${needed}: current value is ${current}`,
    );
  }
}

/** Every tensor of the adapters is there in its shape, and no other. */
function checkTensors(file: SafetensorsFile, tensors: readonly AdapterTensor[]): void {
  for (const { name, shape } of tensors) tensorNamed(file, name, shape);
  const names = new Set(tensors.map(({ name }) => name));
  const foreign = [...file.tensors.keys()].find((name) => !names.has(name));
  if (foreign !== undefined) {
    throw new TypeError(`Cannot load ${file.path} as tensor ${foreign} does not belong to the adapters`);
  }
}
