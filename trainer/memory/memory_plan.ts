// The memory plan of a run: how many bytes of GPU buffers it needs, from the model's configuration and the recipe
// alone; what that leaves for a micro-batch, and a refusal of what cannot fit. The buffers are those that the run's own
// constructors ask for (allocations.ts); here they get a group and the setting that makes them smaller.

import type { CountedBuffer, Limits } from "#shared/engine/gpu/counting_gpu.ts";
import type { PlanSettings } from "./settings.ts";
import { allocations, GENERATION, SAVING } from "./allocations.ts";

export const GROUPS = ["weights", "gradients", "moments", "activations", "kv", "scratch"] as const;
export type BufferGroup = (typeof GROUPS)[number];

/** What current desktop GPUs offer; a plan for another adapter takes that adapter's. */
export const DESKTOP: Limits = { buffer: 2 ** 32, binding: 2 ** 31 - 4, subgroups8: false, largestCopy: 0 };

export interface PlannedBuffer {
  group: BufferGroup;
  name: string;
  bytes: number;
  /** Bound in parts, so only the limit of a buffer holds. */
  sharded: boolean;
  /** The setting of a recipe that makes it smaller. */
  setting: string;
}

export type MemoryPlan = Record<BufferGroup | "total", number> & { buffers: PlannedBuffer[] };

/** What has another name in a recipe of `sft`; without adapters the trained numbers are the model's. */
const SFT_NAMES: Record<string, string> = {
  "train.micro_batch_tokens": "sft.micro_batch_tokens",
  "generation.rows": "eval.count",
  "lora.r": "model",
};

/** Of each phase of allocations.ts: labels, group and setting; the first that matches. */
const KINDS: Record<string, [RegExp, BufferGroup, string][]> = {
  "": [[/^/, "scratch", "model"]],
  model: [[/^/, "weights", "model"]],
  reference: [[/^/, "weights", "loss.beta"]],
  training: [
    [/ gradient$/, "gradients", "lora.r"],
    [/ exp_avg(_sq)?$/, "moments", "lora.r"],
    [/\.lora_[AB]\.weight$/, "weights", "lora.r"],
    [/ frozen$|^unpacked matrix$/, "weights", "lora.target_modules"],
    [/^logits chunk|^head partials|^transposed weight|^norm |^uniform arena|^readback/, "scratch", "model"],
    [/^rope table|^table without rope/, "scratch", "prompt.max_prompt_length"],
    [
      /^layer \d+ | of block \d+$|^(ids|positions|tiles|segments|normed|inner|qkv_raw|x)$/,
      "activations",
      "train.micro_batch_tokens",
    ],
    [/^/, "scratch", "train.micro_batch_tokens"],
  ],
  [GENERATION]: [
    [/^kv pool /, "kv", "generation.rows"],
    [/^decode weights|^decode products|^qk_norm|^uniform arena|^readback/, "scratch", "model"],
    [/ merged [AB]$/, "scratch", "lora.r"],
    [/^decode |^state$|^moved state$|^eos$/, "scratch", "generation.rows"],
    [/^/, "scratch", "prompt.max_prompt_length"],
  ],
  [SAVING]: [[/^/, "scratch", "model"]],
};
/** Tables of tokens and what mirrors them are bound in parts. */
const SHARDED = /^(embed_tokens|lm_head)( |$)/;

/** @param sampled see `allocations` */
export async function planMemory(
  settings: PlanSettings,
  limits: Limits = DESKTOP,
  sampled?: readonly CountedBuffer[],
): Promise<MemoryPlan> {
  const names = settings.kind === "sft" ? SFT_NAMES : {};
  const counted = await allocations(settings, limits, sampled);
  const buffers = counted.map(({ label, bytes, phase }): PlannedBuffer => {
    const [, group, setting] = KINDS[phase]!.find(([labels]) => labels.test(label))!;
    const name = phase === "reference" ? `${label} of the reference` : label;
    return { group, name, bytes, sharded: SHARDED.test(label), setting: names[setting] ?? setting };
  });
  const sum = (own: readonly { bytes: number }[]) => own.reduce((total, { bytes }) => total + bytes, 0);
  const groups = GROUPS.map((group) => [group, sum(buffers.filter((buffer) => buffer.group === group))]);
  return { ...Object.fromEntries(groups) as Record<BufferGroup, number>, total: sum(buffers), buffers };
}

/** The largest micro-batch whose plan fits into `bytes`, a multiple of 64 tokens; 0 when even the smallest does not. */
export async function largestMicroBatch(
  settings: PlanSettings,
  bytes: number,
  limits: Limits = DESKTOP,
): Promise<number> {
  const { prompt_tokens, completion_tokens } = settings.generation;
  const counted = await allocations(settings, limits);
  const sampled = counted.filter(({ phase }) => phase === GENERATION || phase === SAVING);
  const fits = async (units: number) => {
    const planned = await planMemory({ ...settings, micro_batch_tokens: units * 64 }, limits, sampled);
    return planned.total <= bytes && tooLarge(planned, limits) === undefined;
  };
  // A micro-batch holds one whole sequence; how long an example is, only the data of sft says.
  let low = settings.kind === "sft" ? 1 : Math.ceil((prompt_tokens + completion_tokens) / 64);
  if (!await fits(low)) return 0;
  let high = low * 2;
  while (high < 1 << 20 && await fits(high)) [low, high] = [high, high * 2];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await fits(middle)) low = middle;
    else high = middle;
  }
  return low * 64;
}

/** The largest buffer that the limits do not allow. */
export function tooLarge({ buffers }: MemoryPlan, limits: Limits): PlannedBuffer | undefined {
  return buffers.filter(({ bytes, sharded }) => bytes > (sharded ? limits.buffer : limits.binding))
    .sort((a, b) => b.bytes - a.bytes)[0];
}

/**
 * @param available bytes of GPU memory, where they are known
 * @throws RangeError when the run cannot work, naming the setting to change.
 */
export function checkPlan(planned: MemoryPlan, limits: Limits, available: number): void {
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
  const bySetting = new Map<string, number>();
  for (const { setting, bytes } of planned.buffers) {
    if (setting !== "model") bySetting.set(setting, (bySetting.get(setting) ?? 0) + bytes);
  }
  const [setting, most] = [...bySetting].reduce((a, b) => b[1] > a[1] ? b : a);
  throw new RangeError(
    `Cannot train as the plan must fit into ${gib(available)}: current total is ${gib(planned.total)}, ` +
      `of it ${gib(most)} by ${setting}; change ${setting}`,
  );
}

export function gib(bytes: number): string {
  return bytes < 2 ** 30 / 10 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}
