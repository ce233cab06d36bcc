// The buffers that training needs, for the memory plan: weights and what goes with each trained number, activations of
// a micro-batch, scratch of its backward. The tables follow the classes that allocate: Model, Lora, Gradients,
// Optimizer, Activations, SavedBlocks, Head, Scratch.

import { bytesOf, type Dtype } from "#shared/engine/ops/storage/dtype.ts";
import { logProbScratchBytes } from "#shared/engine/ops/log_prob/log_prob.ts";
import { isTable } from "#shared/engine/model/storage.ts";
import type { ParameterLayout } from "#shared/engine/model/layout.ts";
import { paddedVocabulary, parameterLayouts, storedAs } from "#shared/engine/model/weights.ts";
import type { LoraSettings } from "#shared/engine/lora/lora.ts";
import { savedColumns } from "#shared/engine/backward/saved_blocks.ts";
import { scratchScores } from "#shared/engine/backward/scratch.ts";
import { SEGMENT_WORDS, TILE_WORDS } from "#shared/engine/ops/attention/segments.ts";
import { partialsLength } from "#shared/engine/ops/column_sum/column_sum.ts";
import type { Group, Limits, PlannedBuffer, PlanSettings } from "./plan.ts";

type Make = (name: string, numbers: number, times?: number) => PlannedBuffer;

/** Makes the buffers of a group that one setting shrinks. */
export function maker(
  group: Group,
  setting: string,
  { sharded = false, dtype = "float32" }: { sharded?: boolean; dtype?: Dtype } = {},
): Make {
  const size = bytesOf(dtype);
  return (name, numbers, times = 1) => ({ group, name, bytes: numbers * size, times, sharded, setting });
}

/** Weights and what goes with each trained number. */
export function trainedBuffers({ config, lora, reference, weights_dtype }: PlanSettings): PlannedBuffer[] {
  const layouts = parameterLayouts(config);
  const numbers = ({ rows, cols }: ParameterLayout) => rows * cols;
  const model = (what: string, setting: string): PlannedBuffer[] =>
    layouts.map((layout) => {
      const stored = { sharded: isTable(layout), dtype: storedAs(layout, weights_dtype) };
      return maker("weights", setting, stored)(layout.name + what, numbers(layout));
    });
  const weights = [...model("", "model"), ...(reference ? model(" of the reference", "loss.beta") : [])];
  const norm = maker("scratch", "model");
  if (!lora) {
    const mirror = (group: Group, what: string, times: number) =>
      layouts.map((layout) =>
        maker(group, "lora.r", { sharded: isTable(layout) })(layout.name + what, numbers(layout), times)
      );
    return [
      ...weights,
      ...mirror("gradients", " gradient", 1),
      ...mirror("moments", " moment", 2),
      norm("norm partials", layouts.length * 256),
    ];
  }
  const adapted = adaptedLayouts(layouts, lora);
  const largest = Math.max(...adapted.map(({ layout }) => numbers(layout)));
  // With f32 weights every matrix with adapters has a frozen copy; with others one is unpacked at a time.
  const frozen = weights_dtype === "float32"
    ? adapted.map(({ layout }) =>
      maker("weights", "lora.target_modules")(`${layout.name} frozen`, numbers(layout))
    )
    : [maker("weights", "lora.target_modules")("unpacked matrix", largest)];
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

/** The matrices that get adapters, each with the tensors that do. */
export function adaptedLayouts(layouts: ParameterLayout[], { target_modules }: LoraSettings) {
  return layouts.flatMap((layout) => {
    const own = layout.sources.filter(({ name }) => target_modules.includes(name.split(".").at(-2)!));
    return own.length > 0 && layout.rows > 1 ? [{ layout, own }] : [];
  });
}

/** Activations of a micro-batch of N tokens and the scratch of its backward. */
export function learnerBuffers(settings: PlanSettings, limits: Limits): PlannedBuffer[] {
  const { config, lora, micro_batch_tokens: n, gradient_checkpointing: checkpointing } = settings;
  const dtype = settings.activations_dtype;
  const { hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers, head_dim } = config;
  const heads = config.num_attention_heads;
  const kvHeads = config.num_key_value_heads;
  const q = heads * head_dim;
  const width = q + 2 * kvHeads * head_dim;
  const vocab = paddedVocabulary(config);
  const inPlace = !checkpointing && dtype === "float32"; // otherwise SavedBlocks keeps copies
  const sets = inPlace ? layers : 1;
  const attended = checkpointing ? 1 : layers;
  const saved = maker("activations", "train.micro_batch_tokens");
  const copy = maker("activations", "train.micro_batch_tokens", { dtype });
  const scratch = maker("scratch", "train.micro_batch_tokens");
  const fixed = maker("scratch", "model");

  const buffers = [
    saved("batch", n, 2 + TILE_WORDS + SEGMENT_WORDS),
    saved("normed", n * hidden),
    saved("inner", n * inner),
    saved("qkv_raw", n * width, config.qk_norm && inPlace ? 1 + layers : 1),
    saved("qkv", n * width, attended),
    saved("attn_out", n * q, sets),
    saved("lse", n * heads, attended),
    saved("rstd", n, 2 * sets),
    saved("x_mid", n * hidden, sets),
    saved("gate_up", n * 2 * inner, sets),
    saved("x", n * hidden, inPlace ? layers + 1 : 1),
  ];
  if (!inPlace) {
    for (const [name, cols] of Object.entries(savedColumns(config, checkpointing))) {
      buffers.push(copy(`${name} of the blocks`, n * cols, layers));
    }
  }

  const fitting = Math.floor(Math.min(32 << 20, limits.binding) / (vocab * 4 * 64)) * 64;
  const chunkRows = Math.min(Math.max(fitting, 64), Math.ceil(n / 64) * 64);
  buffers.push(
    scratch("head columns", n, 6),
    scratch("head rows", n * hidden, 2),
    fixed("logits chunk", chunkRows * vocab),
    fixed("head partials", logProbScratchBytes(chunkRows, config.vocab_size) / 4),
  );

  const sums = Math.max(
    partialsLength(n, Math.max(hidden, width, config.mlp_bias ? 2 * inner : 0)),
    partialsLength(n * heads, head_dim),
  );
  buffers.push(
    scratch("dx", n * hidden),
    scratch("dnormed", n * Math.max(hidden, q)),
    scratch("dqkv", n * width),
    scratch("dgate_up", n * 2 * inner),
    scratch("d", n * heads),
    scratch("head rstd", config.qk_norm ? n * (heads + kvHeads) : 1),
    scratch("attention scores", scratchScores(limits, n, heads), 2),
    scratch("partial sums", sums),
    scratch("tokens of the backward", n * 11),
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
