// LoRA adapters as the files of the PEFT library: adapter_config.json and adapter_model.safetensors.

import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { readJson } from "#shared/io/files.ts";
import { SafetensorsFile } from "#shared/io/safetensors.ts";
import { writeSafetensors } from "#shared/io/safetensors_writer.ts";
import { checkFinite } from "#shared/engine/model/load.ts";
import { fromHf, type HfTensor, toHf } from "#shared/engine/model/layout.ts";
import type { Model } from "#shared/engine/model/weights.ts";
import { Lora, type LoraSettings } from "./lora.ts";
import { parseAdapterConfig } from "./peft_config.ts";

const CONFIG = "adapter_config.json";
const WEIGHTS = "adapter_model.safetensors";
const KEYS = ["r", "lora_alpha", "target_modules", "use_rslora", "rank_pattern", "alpha_pattern"] as const;
const ABSENT: Partial<LoraSettings> = { use_rslora: false, rank_pattern: {}, alpha_pattern: {} };

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

/** Throws one sentence where a file of an adapter is missing or cut off; reads no tensor. */
export function checkAdapter(directory: string): void {
  readAdapterSettings(directory);
  new SafetensorsFile(`${directory}/${WEIGHTS}`).close();
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
  const stored = readAdapterSettings(directory);
  const shown = (value: unknown) =>
    Array.isArray(value) ? value.toSorted().join(", ") : JSON.stringify(value);
  for (const name of KEYS) {
    const [own, theirs] = [shown(lora.settings[name] ?? ABSENT[name]), shown(stored[name])];
    if (own !== theirs) {
      throw new TypeError(
        `Cannot load the adapters of ${directory} as ${name} must be ${own}: current value is ${theirs}`,
      );
    }
  }
  const file = new SafetensorsFile(`${directory}/${WEIGHTS}`);
  try {
    const data = lora.parameters().map((parameter) =>
      fromHf(parameter, ({ name, shape }, rows) => {
        const tensor = file.read(name, shape, rows);
        checkFinite(name, tensor);
        return tensor;
      })
    );
    const names = new Set(lora.parameters().map(({ name }) => name));
    for (const name of file.tensors.keys()) {
      if (!names.has(name)) {
        throw new TypeError(`Cannot load ${file.path} as tensor ${name} does not belong to the adapters`);
      }
    }
    lora.parameters().forEach(({ buffer }, i) => lora.gpu.write(buffer, data[i]!));
  } finally {
    file.close();
  }
  lora.merge();
}
