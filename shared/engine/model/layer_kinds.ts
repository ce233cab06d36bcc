// How the layers of a model differ: whether attention sees everything or a window, and whether it applies RoPE.

import * as v from "valibot";
import { refuse } from "./config_error.ts";

export interface LayerKind {
  /** Queries and keys are rotated; SmolLM3 leaves every fourth layer without. */
  rope: boolean;
  /** How many tokens back attention sees, itself included; null: all. */
  window: number | null;
}

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const natural = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What a config.json says about its layers. */
export const layerKeys = {
  sliding_window: v.nullish(v.pipe(v.number(), v.integer())),
  use_sliding_window: v.nullish(v.boolean()),
  max_window_layers: v.nullish(natural),
  layer_types: v.nullish(v.array(v.string())),
  no_rope_layers: v.nullish(v.array(v.number())),
  no_rope_layer_interval: v.optional(count),
};
const schema = v.object(layerKeys);
type Raw = v.InferOutput<typeof schema>;

/** The layers of a model by transformers' defaults; windows that hold the whole context are none. */
export function readLayers(type: string, layers: number, context: number, raw: Raw): LayerKind[] {
  const { no_rope_layers, no_rope_layer_interval: interval = 4 } = raw;
  if (type === "smollm3" && no_rope_layers && no_rope_layers.length < layers) {
    refuse("no_rope_layers", `a list of ${layers} numbers`, no_rope_layers);
  }
  const rotates = (i: number) =>
    type !== "smollm3" || (no_rope_layers ? no_rope_layers[i] !== 0 : (i + 1) % interval !== 0);
  return readWindows(type, layers, context, raw, rotates).map((window, i) => {
    if (window !== null && window < 1) refuse("sliding_window", "a positive number or null", window);
    return { rope: rotates(i), window: window !== null && window < context ? window : null };
  });
}

function readWindows(
  type: string,
  layers: number,
  context: number,
  raw: Raw,
  rotates: (layer: number) => boolean,
): (number | null)[] {
  const all = (window: number | null) => Array<number | null>(layers).fill(window);
  const { layer_types, use_sliding_window } = raw;
  if (type === "mistral") {
    // With the key, even null, transformers takes the model for a ministral.
    if (layer_types !== undefined) refuse("layer_types", "absent in a mistral model", layer_types);
    return all(raw.sliding_window === undefined ? 4096 : raw.sliding_window);
  }
  if (type === "llama") {
    // Not computed by transformers' forward, but its cache of a generation forgets by these keys.
    const window = raw.sliding_window ?? null;
    if (window !== null && window < context) refuse("sliding_window", "null in a llama model", window);
    if (layer_types?.some((own) => !FULL.includes(own))) {
      refuse("layer_types", "full_attention in a llama model", layer_types);
    }
    return all(null);
  }
  const sliding = raw.sliding_window === undefined ? (type === "smollm3" ? null : 4096) : raw.sliding_window;
  if (!layer_types) {
    if (!use_sliding_window || sliding === null) return all(null);
    if (type === "smollm3") return all(null).map((_, i) => rotates(i) ? null : sliding);
    const first = raw.max_window_layers ?? 28; // the first layers of a Qwen see everything
    return all(null).map((_, i) => i < first ? null : sliding);
  }
  if (layer_types.length !== layers) {
    refuse("layer_types", `a list of ${layers} types, one a layer`, layer_types);
  }
  return layer_types.map((own) => {
    if (FULL.includes(own)) return null;
    if (own !== "sliding_attention") {
      refuse("layer_types", "a list of full_attention and sliding_attention", own);
    }
    if (sliding === null || (type !== "smollm3" && !use_sliding_window)) {
      refuse(
        "use_sliding_window",
        "true with a sliding_window where layer_types names it",
        use_sliding_window,
      );
    }
    return sliding;
  });
}

const FULL = ["full_attention", "attention"];
