// LoRA adapters as the files of the PEFT library: adapter_config.json and adapter_model.safetensors.

import * as v from "valibot";
import { writeFileAtomic } from "#shared/io/atomic.ts";
import { readJson } from "#shared/io/files.ts";
import { SafetensorsFile, writeSafetensors } from "#shared/io/safetensors.ts";
import { fromHf, type HfTensor, toHf } from "#shared/engine/model/layout.ts";
import { parse } from "#shared/schemas/parse.ts";
import type { Lora, LoraSettings } from "./lora.ts";

const CONFIG = "adapter_config.json";
const WEIGHTS = "adapter_model.safetensors";

/** The keys that are used; those that would change the numbers must have the one value that is implemented. */
const ConfigSchema = v.object({
  peft_type: v.literal("LORA"),
  r: v.number(),
  lora_alpha: v.number(),
  target_modules: v.array(v.string()),
  bias: v.optional(v.literal("none"), "none"),
  use_dora: v.optional(v.literal(false), false),
  use_rslora: v.optional(v.literal(false), false),
  rank_pattern: v.optional(v.strictObject({}), {}),
  alpha_pattern: v.optional(v.strictObject({}), {}),
});

/** @param baseModel name or path of the frozen model, for whoever loads the adapters */
export async function saveAdapters(lora: Lora, directory: string, baseModel: string): Promise<void> {
  const { r, lora_alpha, target_modules } = lora.settings;
  const config = {
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    base_model_name_or_path: baseModel,
    r,
    lora_alpha,
    target_modules,
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
export function readAdapterSettings(directory: string): LoraSettings {
  const path = `${directory}/${CONFIG}`;
  const { r, lora_alpha, target_modules } = parse(ConfigSchema, readJson(path), path);
  return { r, lora_alpha, target_modules };
}

/**
 * Fills the adapters from a directory and merges them into the model.
 * @throws TypeError when rank, alpha or modules are others, or a tensor is missing or does not belong.
 */
export function loadAdapters(lora: Lora, directory: string): void {
  const stored = readAdapterSettings(directory);
  const shown = (value: unknown) => Array.isArray(value) ? value.toSorted().join(", ") : String(value);
  for (const name of ["r", "lora_alpha", "target_modules"] as const) {
    const [own, theirs] = [shown(lora.settings[name]), shown(stored[name])];
    if (own !== theirs) {
      throw new TypeError(
        `Cannot load the adapters of ${directory} as ${name} must be ${own}: current value is ${theirs}`,
      );
    }
  }
  const file = new SafetensorsFile(`${directory}/${WEIGHTS}`);
  try {
    const data = lora.parameters().map((parameter) =>
      fromHf(parameter, ({ name, shape }, rows) => file.read(name, shape, rows))
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
