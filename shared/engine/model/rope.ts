// Rotary position embedding as config.json describes it: the plain frequencies, or linear, dynamic, Llama 3's or YaRN's
// scaling of them, read and computed as in transformers 5.24 (modeling_rope_utils.py).

import * as v from "valibot";
import { configNumber, oneOf, refuse } from "./config_error.ts";

const ROPE_TYPES = ["default", "linear", "dynamic", "llama3", "yarn"] as const;

export type RopeScaling =
  | { rope_type: "linear"; factor: number }
  /** Like no scaling up to max_position_embeddings, and longer sequences are refused. */
  | { rope_type: "dynamic"; factor: number }
  | {
    rope_type: "llama3";
    factor: number;
    low_freq_factor: number;
    high_freq_factor: number;
    original_max_position_embeddings: number;
  }
  | {
    rope_type: "yarn";
    factor: number;
    /** Multiplies cos and sin. */
    attention_factor: number;
    beta_fast: number;
    beta_slow: number;
    truncate: boolean;
    original_max_position_embeddings: number;
  };

export interface Rope {
  rope_theta: number;
  rope_scaling: RopeScaling | null;
}

const dictionary = v.nullish(v.record(v.string(), v.unknown()));
/** What a config.json says about RoPE. */
export const ropeKeys = {
  rope_theta: v.optional(v.nullable(v.number())),
  rope_scaling: dictionary,
  rope_parameters: dictionary,
  partial_rotary_factor: v.nullish(v.number()),
  original_max_position_embeddings: v.nullish(v.number()),
};
const schema = v.object(ropeKeys);

/**
 * @param raw the keys of config.json; a non-empty rope_scaling takes the place of rope_parameters, as in transformers
 * @param base what is used where no key names theta
 */
export function readRope(
  raw: v.InferOutput<typeof schema>,
  { max_position_embeddings, base }: { max_position_embeddings: number; base: number },
): Rope {
  const scaled = raw.rope_scaling && Object.keys(raw.rope_scaling).length > 0;
  const name = scaled ? "rope_scaling" : "rope_parameters";
  const rope = (scaled ? raw.rope_scaling : raw.rope_parameters) ?? {};
  const nested = Object.keys(rope).find((key) => key.endsWith("_attention"));
  if (nested) refuse(`${name}.${nested}`, "absent, as one RoPE holds for all layers", rope[nested]);
  const rope_theta = configNumber(
    `${name}.rope_theta`,
    "rope_theta" in rope ? rope["rope_theta"] : raw.rope_theta === undefined ? base : raw.rope_theta,
  );
  if (rope_theta <= 0) refuse(`${name}.rope_theta`, "positive", rope_theta);
  const partial = rope["partial_rotary_factor"] ?? raw.partial_rotary_factor ?? 1;
  if (partial !== 1) refuse("partial_rotary_factor", "1", partial);
  const rope_type = oneOf("RoPE type", rope["rope_type"] ?? rope["type"] ?? "default", ROPE_TYPES);
  if (rope_type === "default") return { rope_theta, rope_scaling: null };

  const given = (key: string) => rope[key] !== undefined && rope[key] !== null;
  const number = (key: string) => {
    if (!given(key)) throw new TypeError(`Cannot read config.json as ${rope_type} RoPE needs ${key}`);
    return configNumber(`${name}.${key}`, rope[key]);
  };
  // A key beside the dictionary comes before one in it.
  const original = () =>
    raw.original_max_position_embeddings ??
      (given("original_max_position_embeddings")
        ? number("original_max_position_embeddings")
        : max_position_embeddings);
  if (rope_type === "linear" || rope_type === "dynamic") {
    return { rope_theta, rope_scaling: { rope_type, factor: number("factor") } };
  }
  if (rope_type === "llama3") {
    const [low_freq_factor, high_freq_factor] = [number("low_freq_factor"), number("high_freq_factor")];
    const own = { factor: number("factor"), low_freq_factor, high_freq_factor };
    return { rope_theta, rope_scaling: { rope_type, ...own, original_max_position_embeddings: original() } };
  }
  if (rope_theta === 1) refuse(`${name}.rope_theta`, "other than 1 with yarn", rope_theta);
  const length = original();
  const factor = rope["factor"] === null ? max_position_embeddings / length : number("factor");
  const optional = (key: string) => given(key) ? number(key) : 0;
  const [mscale, mscaleAll] = [optional("mscale"), optional("mscale_all_dim")];
  const scale = (by = 1) => factor <= 1 ? 1 : 0.1 * by * Math.log(factor) + 1;
  return {
    rope_theta,
    rope_scaling: {
      rope_type,
      factor,
      attention_factor: given("attention_factor")
        ? number("attention_factor")
        : mscale && mscaleAll
        ? scale(mscale) / scale(mscaleAll)
        : scale(),
      beta_fast: optional("beta_fast") || 32,
      beta_slow: optional("beta_slow") || 1,
      truncate: !("truncate" in rope) || Boolean(rope["truncate"]),
      original_max_position_embeddings: length,
    },
  };
}

/** RoPE frequencies in radians per position, head_dim / 2 of them: theta^(-2i / head_dim), scaled. */
export function inverseFrequencies({ head_dim, rope_theta, rope_scaling }: Rope & { head_dim: number }) {
  const plain = Float64Array.from({ length: head_dim / 2 }, (_, i) => rope_theta ** (-2 * i / head_dim));
  switch (rope_scaling?.rope_type) {
    case undefined:
    case "dynamic":
      return plain;
    case "linear":
      return plain.map((frequency) => frequency / rope_scaling.factor);
    case "llama3": {
      const { factor, low_freq_factor: low, high_freq_factor: high } = rope_scaling;
      return plain.map((frequency) => {
        const turns = rope_scaling.original_max_position_embeddings * frequency / (2 * Math.PI);
        if (turns < low) return frequency / factor; // first: some files have them the wrong way round
        if (turns > high) return frequency;
        const smooth = (turns - low) / (high - low);
        return (1 - smooth) * frequency / factor + smooth * frequency;
      });
    }
    case "yarn": {
      const { factor, beta_fast, beta_slow, truncate } = rope_scaling;
      // The pair that makes this many turns over the original context.
      const pairOf = (turns: number) =>
        head_dim * Math.log(rope_scaling.original_max_position_embeddings / (turns * 2 * Math.PI)) /
        (2 * Math.log(rope_theta));
      const [first, last] = [pairOf(beta_fast), pairOf(beta_slow)];
      const low = Math.max(truncate ? Math.floor(first) : first, 0);
      const end = Math.min(truncate ? Math.ceil(last) : last, head_dim - 1);
      const high = low === end ? end + 0.001 : end;
      return plain.map((frequency, i) => {
        const ramp = Math.min(Math.max((i - low) / (high - low), 0), 1);
        return frequency / factor * ramp + frequency * (1 - ramp);
      });
    }
  }
}

/** What cos and sin are multiplied by. */
export function attentionFactor({ rope_scaling }: Pick<Rope, "rope_scaling">): number {
  return rope_scaling?.rope_type === "yarn" ? rope_scaling.attention_factor : 1;
}
