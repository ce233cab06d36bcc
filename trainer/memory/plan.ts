// The memory plan of a run: how many bytes of GPU buffers it needs, from the model's configuration and the recipe
// alone; what that leaves for a micro-batch, and a refusal of what cannot fit. The buffers themselves are listed in
// plan_training.ts and plan_generation.ts; plan.test.ts compares their sum with what a real run creates.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import type { Dtype } from "#shared/engine/ops/storage/dtype.ts";
import type { ModelConfig } from "#shared/engine/model/config.ts";
import type { LoraSettings } from "#shared/engine/lora/lora.ts";
import type { SavedDtype } from "#shared/engine/backward/saved_blocks.ts";
import { generationBuffers } from "./generation.ts";
import { learnerBuffers, trainedBuffers } from "./training.ts";

export const GROUPS = ["weights", "gradients", "moments", "activations", "kv", "scratch"] as const;
export type Group = (typeof GROUPS)[number];

/** Lengths that only the data knows count as the recipe's bounds: every prompt has max_prompt_length tokens. */
export interface PlanSettings {
  /** The recipe that names the settings; a recipe of `sft` generates for its evaluation only. */
  kind?: "train" | "sft";
  config: ModelConfig;
  /** Null: all weights are trained. */
  lora: LoraSettings | null;
  /** Whether a frozen copy of the model is kept. */
  reference: boolean;
  micro_batch_tokens: number;
  gradient_checkpointing: boolean;
  /** How weights are stored, in 16 bits with `lora` only. */
  weights_dtype: Dtype;
  /** How what the forward keeps for the backward is stored. */
  activations_dtype: SavedDtype;
  generation: {
    prompts: number;
    samples: number;
    /** Tokens of the longest prompt and of the longest completion. */
    prompt_tokens: number;
    completion_tokens: number;
    /** Completions side by side. */
    rows: number;
    /** Problems of the evaluation in the loop; 0: none. */
    evaluated: number;
  };
}

export interface Limits {
  /** Largest buffer, and largest part of one that a kernel may see. */
  buffer: number;
  binding: number;
  /** Whether it has the kernels for subgroups of 8 lanes, which decode small models from a copy of their weights. */
  subgroups8: boolean;
  /** Most bytes of that copy. */
  largestCopy: number;
}

export function limitsOf({ device, bindingBytes, subgroups8, largestCopy }: Gpu): Limits {
  return { buffer: device.limits.maxBufferSize, binding: bindingBytes, subgroups8, largestCopy };
}

/** What current desktop GPUs offer; a plan for another adapter takes that adapter's. */
export const DESKTOP: Limits = { buffer: 2 ** 32, binding: 2 ** 31 - 4, subgroups8: false, largestCopy: 0 };

/** One buffer, or `times` equal ones. */
export interface PlannedBuffer {
  group: Group;
  name: string;
  bytes: number;
  times: number;
  /** Bound in parts, so only the limit of a buffer holds. */
  sharded: boolean;
  /** The setting of a recipe that makes it smaller. */
  setting: string;
}

export type Plan = Record<Group | "total", number> & { buffers: PlannedBuffer[] };

/** What has another name in a recipe of `sft`; without adapters the trained numbers are the model's. */
const SFT_NAMES: Record<string, string> = {
  "train.micro_batch_tokens": "sft.micro_batch_tokens",
  "generation.rows": "eval.count",
  "lora.r": "model",
};

export function plan(settings: PlanSettings, limits: Limits = DESKTOP): Plan {
  const names = settings.kind === "sft" ? SFT_NAMES : {};
  const buffers = [
    ...trainedBuffers(settings),
    ...learnerBuffers(settings, limits),
    ...generationBuffers(settings, limits),
  ].map((buffer) => ({ ...buffer, setting: names[buffer.setting] ?? buffer.setting }));
  const sum = (own: PlannedBuffer[]) => own.reduce((total, { bytes, times }) => total + bytes * times, 0);
  const groups = GROUPS.map((group) => [group, sum(buffers.filter((buffer) => buffer.group === group))]);
  return { ...Object.fromEntries(groups) as Record<Group, number>, total: sum(buffers), buffers };
}

/** The largest micro-batch whose plan fits into `bytes`, a multiple of 64 tokens; 0 when even the smallest does not. */
export function largestMicroBatch(settings: PlanSettings, bytes: number, limits: Limits = DESKTOP): number {
  const { prompt_tokens, completion_tokens } = settings.generation;
  const fits = (units: number) => {
    const planned = plan({ ...settings, micro_batch_tokens: units * 64 }, limits);
    return planned.total <= bytes && tooLarge(planned, limits) === undefined;
  };
  // A micro-batch holds one whole sequence; how long an example is, only the data of sft says.
  let low = settings.kind === "sft" ? 1 : Math.ceil((prompt_tokens + completion_tokens) / 64);
  if (!fits(low)) return 0;
  let high = low * 2;
  while (high < 1 << 20 && fits(high)) [low, high] = [high, high * 2];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low * 64;
}

/** The largest buffer that the limits do not allow. */
export function tooLarge({ buffers }: Plan, limits: Limits): PlannedBuffer | undefined {
  return buffers.filter(({ bytes, sharded }) => bytes > (sharded ? limits.buffer : limits.binding))
    .sort((a, b) => b.bytes - a.bytes)[0];
}

/**
 * @param available bytes of GPU memory, where they are known
 * @throws RangeError when the run cannot work, naming the setting to change.
 */
export function checkPlan(planned: Plan, limits: Limits, available: number): void {
  const worst = tooLarge(planned, limits);
  if (worst) {
    const most = worst.sharded ? limits.buffer : limits.binding;
    throw new RangeError(
      `Cannot train as ${worst.name} must fit into ${gib(most)} on this adapter: current size is ${
        gib(worst.bytes)
      }; change ${worst.setting}`,
    );
  }
  if (planned.total <= available) return;
  const most = planned.buffers.filter(({ setting }) => setting !== "model").reduce((a, b) =>
    b.bytes * b.times > a.bytes * a.times ? b : a
  );
  throw new RangeError(
    `Cannot train as the plan must fit into ${gib(available)}: current total is ${
      gib(planned.total)
    }, of it ${gib(most.bytes * most.times)} for ${most.name}; change ${most.setting}`,
  );
}

export function gib(bytes: number): string {
  return bytes < 2 ** 30 / 10 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}
