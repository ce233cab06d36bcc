// The memory plan of a run: how many bytes of GPU buffers it needs, from the model's configuration and the recipe
// alone. The tables follow the classes that allocate: Model, Lora, Gradients, Optimizer, Activations, BlockInputs,
// Head, Scratch, Decoder; plan.test.ts compares the sum with what a real run creates.
//
// Lengths that only the data knows count as the recipe's bounds: every prompt has max_prompt_length tokens.

import { sampleScratchBytes, squaresBytes } from "#shared/kernels/decode.ts";
import { logProbScratchBytes } from "#shared/kernels/log_prob.ts";
import { hasQkNorm, type ModelConfig } from "#shared/model/config.ts";
import { paddedVocabulary, type ParameterLayout, parameterLayouts } from "#shared/model/weights.ts";
import type { LoraSettings } from "./backward/lora.ts";
import { partialsLength } from "./kernels/column_sum.ts";

export const GROUPS = ["weights", "gradients", "moments", "activations", "kv", "scratch"] as const;
export type Group = (typeof GROUPS)[number];

export interface PlanSettings {
  config: ModelConfig;
  /** Null: all weights are trained. */
  lora: LoraSettings | null;
  /** Whether a frozen copy of the model is kept. */
  reference: boolean;
  micro_batch_tokens: number;
  gradient_checkpointing: boolean;
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
}

/** What current desktop GPUs offer; a plan for another adapter takes that adapter's. */
export const DESKTOP: Limits = { buffer: 2 ** 32, binding: 2 ** 31 - 4 };

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

export function plan(settings: PlanSettings, limits: Limits = DESKTOP): Plan {
  const buffers = [
    ...trainedBuffers(settings),
    ...learnerBuffers(settings, limits),
    ...generationBuffers(settings, limits),
  ];
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
  let low = Math.ceil((prompt_tokens + completion_tokens) / 64); // a micro-batch holds one whole sequence
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

type Make = (name: string, numbers: number, times?: number) => PlannedBuffer;

function maker(group: Group, setting: string, sharded = false): Make {
  return (name, numbers, times = 1) => ({ group, name, bytes: numbers * 4, times, sharded, setting });
}

/** Weights and what goes with each trained number. */
function trainedBuffers({ config, lora, reference }: PlanSettings): PlannedBuffer[] {
  const layouts = parameterLayouts(config);
  const isTable = ({ name }: ParameterLayout) => name === "embed_tokens" || name === "lm_head";
  const numbers = ({ rows, cols }: ParameterLayout) => rows * cols;
  const mirror = (group: Group, what: string, setting: string, times: number) =>
    layouts.map((layout) =>
      maker(group, setting, isTable(layout))(layout.name + what, numbers(layout), times)
    );
  const weights = mirror("weights", "", "model", 1);
  if (reference) weights.push(...mirror("weights", " of the reference", "loss.beta", 1));
  const norm = maker("scratch", "model");
  if (!lora) {
    return [
      ...weights,
      ...mirror("gradients", " gradient", "lora.r", 1),
      ...mirror("moments", " moment", "lora.r", 2),
      norm("norm partials", layouts.length * 256),
    ];
  }
  const adapted = layouts.flatMap((layout) => {
    const own = layout.sources.filter(({ name }) => lora.target_modules.includes(name.split(".").at(-2)!));
    return own.length > 0 && layout.rows > 1 ? [{ layout, own }] : [];
  });
  const target = "lora.target_modules";
  const frozen = adapted.map(({ layout }) =>
    maker("weights", target)(`${layout.name} frozen`, numbers(layout))
  );
  const pairs = adapted.flatMap(({ layout, own }) => own.map(({ shape }) => [layout.rows, shape[0]!]));
  const adapters = (group: Group, what: string, times: number) =>
    pairs.flatMap(([rows, cols]) => [
      maker(group, "lora.r")(`lora A ${what}`, rows! * lora.r, times),
      maker(group, "lora.r")(`lora B ${what}`, lora.r * cols!, times),
    ]);
  return [
    ...weights,
    ...frozen,
    ...adapters("weights", "weights", 1),
    ...adapters("gradients", "gradient", 1),
    ...adapters("moments", "moment", 2),
    norm("norm partials", 2 * pairs.length * 256),
  ];
}

/** Activations of a micro-batch of N tokens and the scratch of its backward. */
function learnerBuffers(settings: PlanSettings, { binding }: Limits): PlannedBuffer[] {
  const { config, lora, micro_batch_tokens: n, gradient_checkpointing: checkpointing } = settings;
  const { hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers, head_dim } = config;
  const heads = config.num_attention_heads;
  const kvHeads = config.num_key_value_heads;
  const q = heads * head_dim;
  const width = q + 2 * kvHeads * head_dim;
  const vocab = paddedVocabulary(config);
  const copies = checkpointing ? 1 : layers;
  const saved = maker("activations", "train.micro_batch_tokens");
  const scratch = maker("scratch", "train.micro_batch_tokens");
  const fixed = maker("scratch", "model");

  const buffers = [
    saved("batch", n, 4),
    saved("normed", n * hidden),
    saved("inner", n * inner),
    saved("qkv_raw", n * width, hasQkNorm(config) && !checkpointing ? 1 + layers : 1),
    saved("qkv", n * width, copies),
    saved("attn_out", n * q, copies),
    saved("lse", n * heads, copies),
    saved("rstd", n, 2 * copies),
    saved("x_mid", n * hidden, copies),
    saved("gate_up", n * 2 * inner, copies),
    saved("x", n * hidden, checkpointing ? 1 : layers + 1),
    saved("block inputs", n * hidden, checkpointing ? layers : 0),
  ];

  const fitting = Math.floor(Math.min(32 << 20, binding) / (vocab * 4 * 64)) * 64;
  const chunkRows = Math.min(Math.max(fitting, 64), Math.ceil(n / 64) * 64);
  buffers.push(
    scratch("head columns", n, 6),
    scratch("head rows", n * hidden, 2),
    fixed("logits chunk", chunkRows * vocab),
    fixed("head partials", logProbScratchBytes(chunkRows, config.vocab_size) / 4),
  );

  const rounded = n + 3;
  const scores = Math.max(4 * heads * rounded, Math.min(4 << 20, heads * rounded * rounded));
  const sums = Math.max(
    partialsLength(n, Math.max(hidden, width)),
    partialsLength(n * heads, head_dim),
  );
  buffers.push(
    scratch("dx", n * hidden),
    scratch("dnormed", n * Math.max(hidden, q)),
    scratch("dqkv", n * width),
    scratch("dgate_up", n * 2 * inner),
    scratch("d", n * heads),
    scratch("head rstd", hasQkNorm(config) ? n * (heads + kvHeads) : 1),
    scratch("attention scores", scores, 2),
    scratch("partial sums", sums),
    scratch("tokens of the backward", n * 10),
    fixed("transposed weight", hidden * Math.max(width, q, 2 * inner)),
  );
  if (lora) {
    const sizes: Record<string, number> = {
      q_proj: q,
      k_proj: width - q,
      v_proj: width - q,
      gate_proj: inner,
      up_proj: inner,
    };
    const widest = Math.max(...lora.target_modules.map((name) => sizes[name] ?? hidden));
    buffers.push(scratch("lora dy", n * widest), scratch("lora products", n * lora.r, 2));
  }
  return buffers;
}

/** Rows and pool that Generator makes for `prompts` requests of `samples` completions. */
function decodeSize({ config, generation }: PlanSettings, prompts: number, samples: number, binding: number) {
  const { prompt_tokens: longest, completion_tokens: completion } = generation;
  const kvBytes = 2 * config.num_key_value_heads * config.head_dim * 4;
  const stem = longest - 1;
  const rows = Math.min(
    prompts * samples,
    generation.rows,
    Math.floor(binding / (paddedVocabulary(config) * 4)),
    Math.floor(binding / kvBytes / (stem + completion)),
  );
  const tokens = powerOfTwo(rows * completion + Math.min(prompts, rows) * stem);
  return {
    rows,
    poolTokens: Math.min(tokens, Math.floor(binding / kvBytes)),
    stems: Math.min(prompts, rows),
  };
}

/** The key-value pool and the buffers of R rows that are sampled side by side. */
function generationBuffers(settings: PlanSettings, { binding }: Limits): PlannedBuffer[] {
  const { config, generation } = settings;
  const { hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers, head_dim } = config;
  const { prompts, samples, prompt_tokens: longest, completion_tokens: completion, evaluated } = generation;
  const heads = config.num_attention_heads;
  const q = heads * head_dim;
  const kv = 2 * config.num_key_value_heads * head_dim;
  const vocab = paddedVocabulary(config);
  const stem = longest - 1;
  const sizes = [
    decodeSize(settings, prompts, samples, binding),
    decodeSize(settings, evaluated, 1, binding),
  ];
  const rows = Math.max(1, ...sizes.map((size) => size.rows));
  const poolTokens = Math.max(...sizes.map((size) => size.poolTokens));
  const stems = Math.max(...sizes.map((size) => size.stems));
  const perPart = Math.max(1, Math.floor(2048 / Math.max(stem, 1)));
  const prefill = powerOfTwo(Math.min(perPart, stems) * stem);
  const pool = maker("kv", "generation.rows");
  const row = maker("scratch", "generation.rows");
  const prompt = maker("scratch", "prompt.max_prompt_length");
  const fixed = maker("scratch", "model");
  const largest = Math.max(...parameterLayouts(config).map((layout) => layout.rows * layout.cols));
  return [
    pool("key-value pool", poolTokens * kv, layers),
    row("decode columns", rows * (3 * hidden + q + kv + q + inner + vocab + 1 + 32)),
    row("decode states", 2 * (1 + 9 * rows)),
    row("decode partials", (squaresBytes(rows, hidden) + sampleScratchBytes(rows, config.vocab_size)) / 4),
    prompt("prefill columns", prefill * (5 + 2 + heads + 3 * hidden + inner + q)),
    prompt("prefill qkv", prefill * (q + kv), 2),
    prompt("prefill gate_up", prefill * 2 * inner),
    prompt("rope table", Math.max(64, powerOfTwo(longest + completion)) * head_dim),
    fixed("uniform arenas", 512 * 64, 3),
    // Staging memory of the largest read, and smaller sizes beside it.
    fixed("read-back", Math.min(16 << 20, powerOfTwo(largest)) * 4 / 3),
  ];
}

function powerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(value, 1)));
}
