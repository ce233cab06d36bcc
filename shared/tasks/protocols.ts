// A protocol preset: the system prompt, how tokens are sampled and which extraction rules score them. A benchmark adds
// its own user prompt and number of samples (one file a benchmark in this folder). Never a hint.

import { GHPO_SYSTEM_PROMPT } from "#shared/text/prompts.ts";
import { QWEN_SYSTEM } from "./prompts.ts";
import type { Sampling } from "./task.ts";

export const EVAL_PRESET_NAMES = ["plain", "ghpo-readme", "ghpo-paper", "qwen", "lighteval"] as const;
export type EvalPresetName = (typeof EVAL_PRESET_NAMES)[number];

export interface EvalPreset {
  system: string | null;
  sampling: Sampling;
  /** Temperature when a problem is sampled more than once and no temperature is asked for. */
  repeatTemperature: number;
  /** Preset of shared/verify that reads and compares the answers. */
  verify: "report" | "ghpo" | "qwen";
}

export const evalPresets: Record<EvalPresetName, EvalPreset> = {
  // The bundled synthetic benchmarks: the question alone, greedy.
  plain: {
    system: null,
    sampling: { temperature: 0, top_p: 1, max_tokens: 64, stop: [] },
    repeatTemperature: 1,
    verify: "report",
  },
  // GHPO's README: lighteval with vLLM, 8,192 new tokens, temperature 0.01, top_p 0.95.
  "ghpo-readme": {
    system: GHPO_SYSTEM_PROMPT,
    sampling: { temperature: 0.01, top_p: 0.95, max_tokens: 8192, stop: [] },
    repeatTemperature: 0.01,
    verify: "ghpo",
  },
  // GHPO's paper: 4,096 tokens, temperature 0, but 1 for the 32 samples of AIME24.
  "ghpo-paper": {
    system: GHPO_SYSTEM_PROMPT,
    sampling: { temperature: 0, top_p: 1, max_tokens: 4096, stop: [] },
    repeatTemperature: 1,
    verify: "ghpo",
  },
  // Qwen2.5-Math's evaluation: greedy, 2,048 tokens.
  qwen: {
    system: QWEN_SYSTEM,
    sampling: { temperature: 0, top_p: 1, max_tokens: 2048, stop: [] },
    repeatTemperature: 0.7,
    verify: "qwen",
  },
  // lighteval's own tasks: no system prompt.
  lighteval: {
    system: null,
    sampling: { temperature: 0, top_p: 1, max_tokens: 32768, stop: [] },
    repeatTemperature: 0.6,
    verify: "report",
  },
};
