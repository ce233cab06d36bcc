// Settings of a recipe as flags: dotted (`--optimizer.learning_rate 1e-5`), or by their last word where that is enough
// (`--learning_rate 1e-5`), with TRL's names for those that have others here.

import type * as v from "valibot";
import { SftRecipeSchema } from "#shared/schemas/recipe/sft.ts";
import { nearest } from "#shared/schemas/parse.ts";
import { TrainRecipeSchema } from "./train_recipe.ts";

/** A flag such as ["optimizer.learning_rate", "1e-5"]. */
export type Override = readonly [key: string, value: string];

/** Names of TRL, transformers and PEFT, and what they are called here. */
const ALIASES: Record<string, string> = {
  model_name_or_path: "model",
  dataset_name: "data.path",
  dataset_path: "data.path",
  save_steps: "checkpoint.save_every",
  save_total_limit: "checkpoint.keep",
  metric_for_best_model: "checkpoint.best_by",
  eval_steps: "eval.eval_every",
  lora_r: "lora.r",
  lora_target_modules: "lora.target_modules",
  reward_funcs: "reward.functions",
  reward_weights: "reward.weights",
};

/** Names that mean something else here, and what to set instead. */
const OTHERS: Record<string, string> = Object.fromEntries([
  ...[
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
    "generation_batch_size",
    "steps_per_generation",
  ]
    .map((name) => [
      name,
      "a step takes train.prompts_per_step problems with generation.num_generations completions each, and " +
      "train.micro_batch_tokens bounds memory",
    ]),
  ...["bf16", "fp16", "torch_dtype", "dtype"].map((name) => [
    name,
    "use train.weights_dtype and train.activations_dtype",
  ]),
  ...["top_p", "top_k", "min_p"].map((name) => [name, "the sampling distribution is not truncated"]),
  ["num_train_epochs", "use train.max_steps"],
  ["use_peft", "set lora.r"],
  ["use_vllm", "completions are sampled by the trainer itself"],
  ["report_to", "use the command export, or the dashboard"],
  ["logging_steps", "every step is logged"],
  ["log_completions", "completions are always kept, in rollouts/"],
]);

type Settings = ReadonlyMap<string, { path: string; isBoolean: boolean }[]>;

/** The settings of a schema by the last word of their name; those inside tables of tables are left out. */
function settingsOf(schema: v.GenericSchema): Settings {
  const found = new Map<string, { path: string; isBoolean: boolean }[]>();
  for (const [table, inner] of Object.entries(entriesOf(schema) ?? {})) {
    const entries = entriesOf(inner);
    const leaves = entries === undefined ? [[table, table, inner] as const] : [
      [table, table, inner] as const,
      ...Object.entries(entries).map(([name, leaf]) => [name, `${table}.${name}`, leaf] as const),
    ];
    for (const [name, path, leaf] of leaves) {
      found.set(name, [...found.get(name) ?? [], { path, isBoolean: unwrapped(leaf)["type"] === "boolean" }]);
    }
  }
  return found;
}

function unwrapped(schema: unknown): Record<string, unknown> {
  const value = schema as Record<string, unknown>;
  return "wrapped" in value ? unwrapped(value["wrapped"]) : value;
}

function entriesOf(schema: unknown): Record<string, unknown> | undefined {
  return unwrapped(schema)["entries"] as Record<string, unknown> | undefined;
}

/** Which command a table or setting is of, where the recipes of this schema have none of that name. */
export function foreignSetting(schema: v.GenericSchema, key: string): string | undefined {
  const has = (other: v.GenericSchema) => Object.hasOwn(entriesOf(other) ?? {}, key);
  const isStrict = unwrapped(schema)["type"] === "strict_object"; // others pass over what they do not name
  if (!isStrict || has(schema)) return undefined;
  if (has(SftRecipeSchema)) return `${key} is a table of the command sft`;
  if (!has(TrainRecipeSchema)) return undefined;
  const hint = key === "lora" ? ', which trains adapters on solutions with algorithm = "sft"' : "";
  return `${key} is a setting of the command train${hint}`;
}

const TRAIN = settingsOf(TrainRecipeSchema);
const SFT = settingsOf(SftRecipeSchema);

/**
 * Takes the recipe's flags out of a command line; the rest is the command's own. A name without a dot is one of
 * either schema; `settingPath` says later which setting it is.
 */
export function splitOverrides(argv: readonly string[]): { rest: string[]; overrides: Override[] } {
  const rest: string[] = [];
  const overrides: Override[] = [];
  for (let i = 0; i < argv.length; i++) {
    const match = /^--([a-z_0-9-]+(?:\.[a-z_0-9]+)*)(?:=(.*))?$/s.exec(argv[i]!);
    const key = match?.[1]?.replaceAll("-", "_");
    if (key === undefined || !(key.includes(".") || isSetting(key))) {
      rest.push(argv[i]!);
      continue;
    }
    const next = argv[i + 1];
    const isSwitch = (TRAIN.get(key) ?? SFT.get(key))?.some(({ isBoolean }) => isBoolean) &&
      (next === undefined || next.startsWith("--"));
    const value = match?.[2] ?? (isSwitch ? "true" : argv[++i]);
    if (value === undefined) throw new TypeError(`Cannot read the flag --${key} as its value is missing`);
    overrides.push([key, value]);
  }
  return { rest, overrides };
}

/** A flag of check-data itself; the setting is --data.benchmark. */
const TAKEN = "benchmark";

function isSetting(key: string): boolean {
  if (key === TAKEN) return false;
  return TRAIN.has(key) || SFT.has(key) || Object.hasOwn(ALIASES, key) || Object.hasOwn(OTHERS, key);
}

/** The path of the setting that a flag means. Throws TypeError where it means none, or could mean several. */
export function settingPath(schema: v.GenericSchema, key: string): string[] {
  if (key.includes(".")) return key.split(".");
  const other = OTHERS[key];
  if (other !== undefined) throw new TypeError(`Cannot use --${key} as there is no such setting: ${other}`);
  const settings = settingsOf(schema);
  const found = settings.get(key) ?? [];
  // The name of a table or of a top-level setting is that one.
  const top = found.find(({ path }) => path === key);
  if (top !== undefined) return [key];
  if (found.length === 1) return found[0]!.path.split(".");
  const foreign = foreignSetting(schema, key);
  if (foreign !== undefined) throw new TypeError(`Cannot use --${key} as ${foreign}`);
  const alias = ALIASES[key];
  if (found.length === 0 && alias !== undefined) return alias.split(".");
  const which = found.length === 0
    ? `this recipe has no such setting: the nearest is ${nearest(key, [...settings.keys()])}`
    : `it may be any of ${found.map(({ path }) => `--${path}`).join(", ")}`;
  throw new TypeError(`Cannot use --${key} as ${which}`);
}
