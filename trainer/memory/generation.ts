// The buffers that rollouts and saving need, for the memory plan. The tables follow Generator and Decoder.

import { squaresBytes } from "#shared/engine/ops/decode/decode.ts";
import { sampleScratchBytes } from "#shared/engine/ops/sampling/sample.ts";
import { copyBytes, decodesByProgram, workBytes } from "#shared/engine/generation/decode_program.ts";
import { rowBytes } from "#shared/engine/generation/decoder.ts";
import { roundedPool } from "#shared/engine/generation/generate.ts";
import { SEGMENT_WORDS, TILE_WORDS } from "#shared/engine/ops/attention/segments.ts";
import { paddedVocabulary, parameterLayouts } from "#shared/engine/model/weights.ts";
import type { Limits, PlannedBuffer, PlanSettings } from "./plan.ts";
import { adaptedLayouts, maker } from "./training.ts";

/** Rows and pool that Generator makes for `prompts` requests of `samples` completions. */
function decodeSize(
  { config, generation }: PlanSettings,
  prompts: number,
  samples: number,
  limits: Limits,
) {
  const { binding } = limits;
  const { prompt_tokens: longest, completion_tokens: completion } = generation;
  const kvBytes = 2 * config.num_key_value_heads * config.head_dim * 4;
  const stem = longest - 1;
  const rows = Math.min(
    prompts * samples,
    generation.rows,
    Math.floor(binding / rowBytes(limits, config)),
    Math.floor(binding / kvBytes / (stem + completion)),
  );
  const tokens = roundedPool(Math.max(1, rows * completion + Math.min(prompts, rows) * stem));
  return {
    rows,
    poolTokens: Math.min(tokens, Math.floor(binding / kvBytes)),
    stems: Math.min(prompts, rows),
  };
}

/** The key-value pool and the buffers of R rows that are sampled side by side. */
export function generationBuffers(settings: PlanSettings, limits: Limits): PlannedBuffer[] {
  const { config, generation } = settings;
  const { hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers, head_dim } = config;
  const { prompts, samples, prompt_tokens: longest, completion_tokens: completion, evaluated } = generation;
  const heads = config.num_attention_heads;
  const q = heads * head_dim;
  const kv = 2 * config.num_key_value_heads * head_dim;
  const vocab = paddedVocabulary(config);
  const stem = longest - 1;
  const sizes = [
    decodeSize(settings, prompts, samples, limits),
    decodeSize(settings, evaluated, 1, limits),
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
  const tables = new Set(config.layers.map(({ rope }) => rope)).size;
  const largest = Math.max(...parameterLayouts(config).map((layout) => layout.rows * layout.cols));
  const merged = settings.lora && settings.weights_dtype !== "float32"
    ? adaptedLayouts(parameterLayouts(config), settings.lora)
      .map(({ layout, own }) => ({ layout, rank: own.length * settings.lora!.r }))
    : [];
  const adapters = maker("scratch", "lora.r");
  const widest = (sizes: number[]) => Math.max(1, ...sizes);
  return [
    pool("key-value pool", poolTokens * kv, layers),
    row("decode states", 2 * (1 + 9 * rows) + rows * (1 + 32)),
    ...(decodesByProgram(limits, config)
      ? [
        row("decode work", rows * workBytes(config) / 4),
        fixed("decode weights", copyBytes(config) / 4),
      ]
      : [
        row("decode columns", rows * (3 * hidden + q + kv + q + inner + vocab)),
        row("decode adapters", rows * widest(merged.map(({ rank }) => rank))),
        row("decode product of adapters", rows * widest(merged.map(({ layout }) => layout.cols))),
        ...merged.flatMap(({ layout: { rows: inputs, cols }, rank }) => [
          adapters("merged lora A", inputs * rank),
          adapters("merged lora B", rank * cols),
        ]),
        row(
          "decode partials",
          (squaresBytes(rows, hidden) + sampleScratchBytes(rows, config.vocab_size)) / 4,
        ),
      ]),
    prompt("prompt places", powerOfTwo(2 * Math.min(perPart, stems) * stem)),
    prompt(
      "prefill columns",
      prefill * (2 + TILE_WORDS + SEGMENT_WORDS + 2 + heads + 3 * hidden + inner + q),
    ),
    prompt("prefill qkv", prefill * (q + kv), 2),
    prompt("prefill gate_up", prefill * 2 * inner),
    prompt("rope table", Math.max(64, powerOfTwo(longest + completion)) * head_dim, tables),
    fixed("uniform arenas", 512 * 64, 3),
    // Staging memory of the largest read, and smaller sizes besides.
    fixed("read-back", Math.ceil(Math.min(16 << 20, powerOfTwo(largest)) * 4 / 3)),
  ];
}

function powerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(value, 1)));
}
