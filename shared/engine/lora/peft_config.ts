// adapter_config.json as PEFT 0.21 writes it. Every key is used, known to change nothing, or refused unless its value
// changes nothing.

import * as v from "valibot";
import { parse } from "#shared/schemas/parse.ts";
import { patternOf } from "#shared/schemas/recipe/learning.ts";
import type { LoraSettings } from "./lora.ts";

/** Absent, null, false, [] or {}: whatever the key means, it is switched off. */
const off = v.optional(v.custom<unknown>(
  (value) =>
    value === null || value === false || value === "" ||
    (typeof value === "object" && Object.keys(value).length === 0),
  "must be null, as it is not implemented",
));
const ignored = v.optional(v.unknown());
const pattern = v.optional(patternOf(v.number()), {});

const ConfigSchema = v.objectWithRest({
  peft_type: v.literal("LORA"),
  task_type: v.nullish(v.literal("CAUSAL_LM")),
  r: v.number(),
  lora_alpha: v.number(),
  target_modules: v.array(v.string()),
  use_rslora: v.optional(v.boolean(), false),
  rank_pattern: pattern,
  alpha_pattern: pattern,
  bias: v.optional(v.literal("none")),
  // Loading changes the frozen weights with pissa, olora, corda, lora_ga and loftq; others only say how training began.
  init_lora_weights: v.nullish(
    v.union(
      [v.boolean(), v.picklist(["gaussian", "eva", "orthogonal"])],
      'must be true, false, "gaussian", "eva" or "orthogonal", as loading changes the model with any other',
    ),
  ),
  // These say nothing about what the adapters compute.
  auto_mapping: ignored,
  base_model_name_or_path: ignored,
  corda_config: ignored,
  eva_config: ignored,
  fan_in_fan_out: ignored, // PEFT sets it right for the layer
  inference_mode: ignored,
  loftq_config: ignored,
  lora_dropout: ignored, // of training
  lora_ga_config: ignored,
  megatron_core: ignored,
  peft_version: ignored,
  qalora_group_size: ignored,
  revision: ignored,
}, off);

/**
 * The settings of an adapter_config.json.
 * @throws TypeError naming the key that asks for what is not implemented.
 */
export function parseAdapterConfig(json: unknown, path: string): Required<LoraSettings> {
  const { r, lora_alpha, target_modules, use_rslora, rank_pattern, alpha_pattern } = parse(
    ConfigSchema,
    json,
    path,
  );
  return { r, lora_alpha, target_modules, use_rslora, rank_pattern, alpha_pattern };
}
