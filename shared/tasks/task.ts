// A benchmark that is ready to be asked: its problems, the prompts, how tokens are sampled and how an answer is
// judged. The evaluator scores tasks, the trainer can train on them; neither the data nor the hints are in here.

import type { FormatKind, PresetName as VerifyPreset } from "#shared/verify/mod.ts";
import type { BenchmarkProblem } from "./questions.ts";

/** A prompt as chat messages or, for models without a chat template, as text to continue. */
export type Prompt =
  | { messages: { role: "system" | "user" | "assistant"; content: string }[] }
  | { text: string };

/** How one completion is sampled. `temperature` 0 is greedy. */
export interface Sampling {
  temperature: number;
  top_p: number;
  max_tokens: number;
  /** An answer ends before the first of these texts, also where the server ignores them. */
  stop: readonly string[];
}

/** One benchmark under one protocol. */
export interface Task {
  name: string;
  title: string;
  /** Name of the protocol. */
  preset: string;
  problems: readonly BenchmarkProblem[];
  samples: number;
  sampling: Sampling;
  /** Grader: a preset of the verifier. */
  verify: VerifyPreset;
  prompt(problem: BenchmarkProblem): Prompt;
  /** Whether every step of a completion is right; only for problems whose steps can be checked. */
  checkTrace?(problem: BenchmarkProblem, completion: string): boolean;
  /** Shape that the protocol asks completions to have, reported as a rate. */
  format?: FormatKind;
}
