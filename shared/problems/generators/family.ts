// What a family of synthetic problems is: how a question is drawn and how it is solved step by step.
// The rules of a family leave exactly one right trace for a question, and its level is the number of steps.

import type { Random } from "../rng.ts";

export interface Solution {
  /** Each step but the last keeps its trailing ";". */
  steps: string[];
  answer: string;
}

/**
 * Looks at the right result of a step and returns the result to write down: the same one, or a wrong one in
 * [low, high] for which `legal` holds, that is, with which the rest of the trace can be computed.
 */
export type Slip = (result: number, low: number, high: number, legal?: (wrong: number) => boolean) => number;

export interface GeneratedFamily {
  /** Draws a question of a level (1 to 5) without its opening word: "4+5+5-2". */
  question(random: Random, level: number): string;
  /** Solves it; from a slipped step on, the trace and the answer follow the wrong result. */
  solve(question: string, slip: Slip): Solution;
}

/** No step goes wrong. */
export const exactly: Slip = (result) => result;

/** How a step goes wrong: by a uniform amount of at most 9 either way, or always to one more than is right. */
export type StepError = "uniform" | "off_by_one";

/** Each step goes wrong with a probability; where no wrong result is legal it stays right. */
export function stepErrors(random: Random, rate: number, kind: StepError): Slip {
  const [below, above] = kind === "uniform" ? [9, 9] : [0, 1];
  return (result, low, high, legal = () => true) => {
    if (random.real() >= rate) return result;
    const wrong: number[] = [];
    for (let value = Math.max(low, result - below); value <= Math.min(high, result + above); value++) {
      if (value !== result && legal(value)) wrong.push(value);
    }
    return wrong.length === 0 ? result : random.pick(wrong);
  };
}

/** Steps with their separators. */
export function joined(steps: readonly string[]): string[] {
  return steps.map((step, i) => i === steps.length - 1 ? step : `${step};`);
}

/** The integers in a question, in order. */
export function numbers(question: string): number[] {
  return (question.match(/\d+/g) ?? []).map(Number);
}
