// Synthetic problems of six families, seeded and endless, with a training and a held-out split that can never meet:
// a hash of the problem's text decides its split, whatever the seed.

import type { Family } from "#shared/schemas/recipe/data.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import { FAMILY_WORDS, FINAL_MARKER } from "#shared/text/tiny_tokenizer.ts";
import { addition } from "./generators/addition.ts";
import { chain } from "./generators/chain.ts";
import { exactly, type GeneratedFamily, type Slip, type StepError, stepErrors } from "./generators/family.ts";
import { fraction } from "./generators/fraction.ts";
import { gcd } from "./generators/gcd.ts";
import { linear } from "./generators/linear.ts";
import { product } from "./generators/product.ts";
import { hashText, Random } from "./rng.ts";

export type Split = "train" | "held_out";

/** Levels are 1 to this. */
export const MAX_LEVEL = 5;
/** One problem in this many is held out. */
const HELD_OUT_EVERY = 4;
/** A cell (family, level, split) that repeats itself so often in a row has no new problems left. */
const MAX_REPEATS = 1000;

const FAMILY_RULES: Record<Family, GeneratedFamily> = { chain, addition, linear, gcd, product, fraction };

export interface SyntheticOptions {
  families: readonly Family[];
  /** Number of steps, 1 to 5. */
  levels: readonly number[];
  /** How often each level is drawn; without weights families and levels take turns. */
  levelWeights?: readonly number[];
  count: number;
  seed: number;
  split: Split;
}

/**
 * Generated problems, all different while the rules have different ones left. The small cells are (both splits): chain,
 * addition, linear, product level 1 with 324, 81, 192 and 64 problems, fraction level 5 with 124; all others have
 * more than 500. A used-up cell repeats its problems in the training split, with "#2", "#3" ... behind the id, and is
 * left out of the held-out split, which may then be shorter than `count`.
 */
export function syntheticProblems(options: SyntheticOptions): Problem[] {
  const { families, levels, levelWeights = [], count, seed, split } = options;
  const levelOrder = new Random(seed, hashText(split));
  const cells = new Map<string, Iterator<Problem, undefined>>();
  const problems: Problem[] = [];
  for (let i = 0; i < count; i++) {
    const family = families[i % families.length]!;
    const turn = Math.floor(i / families.length) % levels.length;
    const level = levels[levelWeights.length > 0 ? levelOrder.weighted(levelWeights) : turn]!;
    const name = `${family} ${level}`;
    if (!cells.has(name)) cells.set(name, cellProblems(family, level, seed, split));
    const next = cells.get(name)!.next();
    if (next.done !== true) problems.push(next.value);
  }
  return problems;
}

function* cellProblems(
  family: Family,
  level: number,
  seed: number,
  split: Split,
): Generator<Problem, undefined> {
  const { question } = FAMILY_RULES[family];
  const random = new Random(seed, hashText(family), level, hashText(split));
  const used = new Set<string>();
  for (let repeats = 0; repeats < MAX_REPEATS;) {
    const text = question(random, level);
    if (splitOf(FAMILY_WORDS[family] + text) !== split) continue;
    if (used.has(text)) {
      repeats++;
      continue;
    }
    repeats = 0;
    used.add(text);
    yield solved(family, text);
  }
  for (let round = 2; split === "train"; round++) {
    for (const text of random.shuffled([...used])) {
      const problem = solved(family, text);
      yield { ...problem, id: `${problem.id}#${round}` };
    }
  }
}

/** The split that a problem's text belongs to. */
export function splitOf(text: string): Split {
  return hashText(text) % HELD_OUT_EVERY === 0 ? "held_out" : "train";
}

function solved(family: Family, question: string, slip: Slip = exactly): Problem {
  const { steps, answer } = FAMILY_RULES[family].solve(question, slip);
  return {
    id: `${family}:${question}`,
    text: FAMILY_WORDS[family] + question,
    answer,
    trace: { text: steps.join(""), steps },
    level: steps.length,
    source: family,
  };
}

/**
 * The same problem as a model would solve it that slips in each step with probability `rate`: trace and answer follow
 * the wrong results. A cold start on such traces knows their form but not how to get them right.
 */
export function withStepErrors(
  problem: Problem,
  random: Random,
  rate: number,
  kind: StepError = "uniform",
): Problem {
  const [family, question] = synthetic(problem) ?? [];
  if (family === undefined || question === undefined) {
    throw new TypeError(
      `Cannot put step errors into problem ${problem.id} as its source is "${problem.source}"`,
    );
  }
  const { trace, answer } = solved(family, question, stepErrors(random, rate, kind));
  return { ...problem, trace, answer };
}

/** What a model should write: trace and final answer. Null without a trace. */
export function targetText(problem: Problem): string | null {
  return problem.trace === null ? null : problem.trace.text + FINAL_MARKER + problem.answer;
}

/**
 * Whether an un-hinted completion (end-of-sequence token removed) is right from the first step to the answer: every
 * step there, in order, and right. The rules leave one right trace, so this is a comparison with it. Null for a
 * problem that was not generated here.
 */
export function checkTrace(problem: Problem, completion: string): boolean | null {
  const [family, question] = synthetic(problem) ?? [];
  if (family === undefined || question === undefined) return null;
  return completion.trim() === targetText(solved(family, question));
}

function synthetic({ source, text }: Problem): [Family, string] | undefined {
  if (!Object.hasOwn(FAMILY_RULES, source)) return undefined;
  const family = source as Family;
  const word = FAMILY_WORDS[family];
  return text.startsWith(word) ? [family, text.slice(word.length)] : undefined;
}
