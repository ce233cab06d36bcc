// A benchmark that is ready to be asked: its problems, the prompts, how tokens are sampled and how an answer is
// judged. The evaluator scores tasks, the trainer can train on them; neither the data nor the hints are in here.

import type { FormatKind, PresetName as VerifyPreset } from "#shared/verify/mod.ts";
import type { BenchmarkProblem } from "./questions.ts";
import type { Prompt, Sampling } from "./sampling.ts";

export type { Prompt, Sampling };

/** How a custom grader judged a completion. */
export interface OwnVerdict {
  correct: boolean;
  /** The final answer that was found, which majority votes and the no-answer rate count; null: none. */
  answer: string | null;
  reason: string;
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
  /** A custom grader, which judges instead of the verifier. Answers are votes for the same if they are the same text. */
  ownGrader?: {
    name: string;
    grade(problem: BenchmarkProblem, completion: string): OwnVerdict | Promise<OwnVerdict>;
  };
  prompt(problem: BenchmarkProblem): Prompt;
  /** Whether every step of a completion is right; only for problems whose steps can be checked. */
  checkTrace?(problem: BenchmarkProblem, completion: string): boolean;
  /** Shape that the protocol asks completions to have, reported as a rate. */
  format?: FormatKind;
}
