// Whether the reward gives full marks to the reference solutions, written as the prompt asks for them. A recipe whose
// prompt asks for one form and whose reward reads another trains nothing: every reward is 0.

import type { Problem } from "#shared/schemas/problem.ts";
import { formatAskedBy } from "#shared/text/answer_format.ts";
import { wordsOf } from "#shared/text/prompts.ts";
import { type Reward, successOf } from "../loop/rewards.ts";
import { targetOf } from "../loop/targets.ts";
import type { Requirements } from "./requirements.ts";

/** Own reward functions may be slow: they see this many references. */
const SHOWN_TO_OWN = 50;
/** Stands in where a problem has no solution, so that its answer is still judged. */
const NO_SOLUTION = "The solution is not known.";

/** Notes a sentence: what a run should be refused for, or what a person should look at. */
export type Say = (isFault: boolean, sentence: string) => void;

export interface ReferenceReport {
  /** Problems whose gold the grader can read. */
  gradable: number;
  not_gradable: { id: string; answer: string }[];
  /** References that earn full accuracy and format. */
  full: number;
  /** Of those the ones whose answer had to be in \boxed{} or $...$. */
  marked: number;
  failures: { id: string; answer: string; rewards: Record<string, number | null>; text: string }[];
  /** Means of the reward functions of the user's own, of the first problems. */
  own: Record<string, number>;
  /** Of the first problems, those that a function of the user's own decides about and whose solution it calls unsolved. */
  unsolved: { of: number; ids: string[] };
}

/** Accuracy and format have 1 as their full marks; other functions have none that is known. */
const isBuiltIn = ({ name }: Reward) => name === "accuracy" || name === "format";

/**
 * @param encode the tokens of a text, which reward functions of the user's own see; where it is null they are not
 * called, as there is no completion without tokens
 */
export async function gradeReferences(
  problems: readonly Problem[],
  requirements: Requirements,
  encode: ((text: string) => readonly number[]) | null,
): Promise<ReferenceReport> {
  const report: ReferenceReport = {
    gradable: 0,
    not_gradable: [],
    full: 0,
    marked: 0,
    failures: [],
    own: {},
    unsolved: { of: 0, ids: [] },
  };
  const callable = requirements.rewards.filter(({ own }) => !own || encode !== null);
  const builtIn = callable.filter(isBuiltIn);
  // A function of the user's own may stand for accuracy.
  const idsOf = (text: string) => builtIn.some(({ own }) => own) ? encode!(text) : [];
  const others = callable.filter((reward) => !isBuiltIn(reward));
  const sums = new Map<string, number[]>();
  for (const [i, problem] of problems.entries()) {
    const first = referenceText(problem, problem.answer, requirements);
    const rewards = await scoresOf(problem, first, builtIn, idsOf(first));
    if (rewards["accuracy"] === null) {
      report.not_gradable.push({ id: problem.id, answer: problem.answer });
    } else {
      report.gradable++;
      if (isFull(rewards)) report.full++;
      else if (await isFullWhenMarked(problem, requirements, builtIn, idsOf)) {
        report.full++;
        report.marked++;
      } else report.failures.push({ id: problem.id, answer: problem.answer, rewards, text: first });
    }
    if (i >= SHOWN_TO_OWN || others.length === 0 || encode === null) continue;
    const scores = await scoresOf(problem, first, others, encode(first));
    for (const [name, value] of Object.entries(scores)) {
      if (value !== null) sums.set(name, [...sums.get(name) ?? [], value]);
    }
    const success = requirements.deciding && successOf({ rewards: scores }, requirements.deciding);
    if (success === null || problem.trace === null) continue;
    report.unsolved.of++;
    if (success === 0) report.unsolved.ids.push(problem.id);
  }
  for (const [name, values] of sums) report.own[name] = values.reduce((a, b) => a + b, 0) / values.length;
  return report;
}

/** Graders that read mathematics only, as the paper's does, want the answer inside the tags marked as such. */
async function isFullWhenMarked(
  problem: Problem,
  requirements: Requirements,
  rewards: readonly Reward[],
  idsOf: (text: string) => readonly number[],
): Promise<boolean> {
  for (const answer of [`\\boxed{${problem.answer}}`, `$${problem.answer}$`]) {
    const text = referenceText(problem, answer, requirements);
    if (isFull(await scoresOf(problem, text, rewards, idsOf(text)))) return true;
  }
  return false;
}

function referenceText(problem: Problem, answer: string, { format }: Requirements): string {
  const trace = problem.trace ?? { text: NO_SOLUTION, steps: [NO_SOLUTION] };
  return targetOf({ ...problem, answer, trace }, format)!;
}

async function scoresOf(
  problem: Problem,
  text: string,
  rewards: readonly Reward[],
  ids: readonly number[],
): Promise<Record<string, number | null>> {
  const scores: Record<string, number | null> = {};
  for (const { name, call } of rewards) {
    scores[name] = await call({ problem, completion: text, solution: text, ids, finish_reason: "stop" });
  }
  return scores;
}

function isFull(rewards: Record<string, number | null>): boolean {
  return Object.values(rewards).every((value) => value === null || value >= 1);
}

/** Adds what a person should know of the report, and whether a run should be refused for it. */
export function referenceSentences(
  { gradable, not_gradable, full, marked, failures, unsolved }: ReferenceReport,
  { style, format, rewards, deciding }: Requirements,
  hasOwnForm: boolean,
  say: Say,
): void {
  const all = gradable + not_gradable.length;
  if (not_gradable.length > 0) {
    const { id, answer } = not_gradable[0]!;
    const which = `as the answer ${JSON.stringify(answer)} of ${id}: try another reward.preset`;
    if (gradable === 0) return say(true, `reward.preset can grade none of the answers, ${which}`);
    say(
      false,
      `${not_gradable.length} of ${all} answers cannot be graded by reward.preset and earn nothing, ${which}`,
    );
  }
  const form = format === "own" ? "as they are" : `in the required form (${format})`;
  if (failures.length > 0) {
    const { id, rewards, text } = failures[0]!;
    const scores = Object.entries(rewards).map(([name, value]) => `${name} ${value}`).join(", ");
    say(
      full < gradable / 2,
      `${failures.length} of ${gradable} reference solutions ${form} earn less than full marks, such as ${id} ` +
        `(${scores}): ${
          JSON.stringify(text.slice(-80))
        }; prompt.system, reward.preset and reward.format must match`,
    );
  }
  if (unsolved.ids.length > 0) {
    say(
      unsolved.ids.length === unsolved.of,
      `the reward ${
        deciding!.name
      } calls ${unsolved.ids.length} of the first ${unsolved.of} reference solutions ` +
        `unsolved, as that of ${unsolved.ids[0]}: reward.success_threshold must fit it`,
    );
  }
  const asked = formatAskedBy(wordsOf(style));
  if (marked > full / 2 && asked !== "boxed") {
    say(
      false,
      "the grader of reward.preset reads answers in \\boxed{} or $...$ only, and the prompt does not say so",
    );
  }
  if (asked === null && !hasOwnForm && rewards.some(({ name }) => name === "format")) {
    say(false, "the prompt does not say which form of answer reward.format rewards: see prompt.system");
  }
}
