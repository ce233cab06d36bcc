// The pre-flight: everything that can be checked in a recipe's data before the first step. It reports what is left out
// of the run, warnings, and errors that would make the run pointless.

import { checkData, type DataReport } from "#shared/problems/check_data.ts";
import { markedAnswer } from "#shared/problems/readers/answers.ts";
import type { RowError } from "#shared/problems/readers/rows.ts";
import { checkTrace } from "#shared/problems/synthetic.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { UnknownWords } from "#shared/text/unknown_words.ts";
import { equivalent } from "#shared/verify/mod.ts";
import { leakOffset } from "../ghpo/hint.ts";
import type { Requirements } from "./requirements.ts";
import { type LengthReport, measureLengths } from "./lengths.ts";
import { gradeReferences, type ReferenceReport, referenceSentences, type Say } from "./reference.ts";
import { templateFault, uncutSolution, unknownInSolutions, unusedVariables } from "./tokenizer_checks.ts";

export interface PreflightInput {
  problems: readonly Problem[];
  errors: readonly RowError[];
  /** Problems that must not be trained on, by name. */
  benchmarks: Readonly<Record<string, readonly Pick<Problem, "id" | "text">[]>>;
  requirements: Requirements;
  /** Null where the model's folder holds none: lengths are then not known. */
  tokenizer: Tokenizer | null;
  /** The end tokens of the model; null where there is no model. */
  eosIds: readonly number[] | null;
}

export interface Preflight {
  data: DataReport;
  errors: readonly RowError[];
  lengths: LengthReport | null;
  reference: ReferenceReport | null;
  /** End tokens in letters. */
  eos: string[];
  requirements: Requirements;
  /** What the run trains on. */
  problems: Problem[];
  /** Ids of the problems that data.on_long_prompt leaves out. */
  dropped: string[];
  /** Sentences: what a run should be refused for, and what a person should look at. */
  faults: string[];
  warnings: string[];
}

export async function preflight(input: PreflightInput): Promise<Preflight> {
  const { requirements, tokenizer, eosIds } = input;
  const faults: string[] = [];
  const warnings: string[] = [];
  const say: Say = (isFault, sentence) => (isFault ? faults : warnings).push(sentence);

  const template = tokenizer === null ? null : templateFault(input.problems, tokenizer, requirements);
  if (template !== null) say(true, template);
  if (tokenizer !== null && template === null) {
    unknownInSolutions(input.problems, tokenizer, requirements, say);
  }
  if (tokenizer !== null && template === null) unusedVariables(tokenizer, requirements, say);
  const uncut = tokenizer === null || template !== null
    ? null
    : uncutSolution(input.problems, tokenizer, requirements);
  if (uncut !== null) say(true, uncut);
  const canMeasure = tokenizer !== null && template === null && uncut === null;
  const lengths = canMeasure ? measureLengths(input.problems, tokenizer, requirements) : null;
  const tooLong = new Set(lengths?.too_long.map(({ id }) => id));
  const problems = input.problems.filter(({ id }) => !tooLong.has(id));
  const data = checkData(problems, input.benchmarks, leakOffset);
  const reference = requirements.rewards.length === 0
    ? null
    : await gradeReferences(problems, requirements, canMeasure ? (text) => tokenizer.encode(text) : null);
  const many = (count: number) => `${count} of ${problems.length}`;

  if (lengths !== null && tooLong.size > 0) {
    const { tokens, name } = requirements.prompt!;
    const longest = lengths.too_long.reduce((a, b) => b.tokens > a.tokens ? b : a);
    const limit =
      `longer than ${tokens} tokens (${name}), the longest, of problem ${longest.id}, ${longest.tokens}`;
    if (problems.length === 0) say(true, `all prompts are ${limit}`);
    else if (requirements.onLongPrompt === "error") {
      say(
        true,
        `${tooLong.size} of ${input.problems.length} prompts are ${limit}: raise the limit, or leave them out ` +
          'with data.on_long_prompt = "drop"',
      );
    } else {say(
        false,
        `left out of ${input.problems.length} problems: ${tooLong.size}, with prompts ${limit}`,
      );}
  }
  const first = (ids: readonly string[]) => ids.slice(0, 3).join(", ") + (ids.length > 3 ? ", ..." : "");
  const { without_trace, duplicates, early_leaks, overlaps } = data;
  if (without_trace.length > 0) {
    const which = `${many(without_trace.length)} problems have no solution (${first(without_trace)})`;
    if (requirements.needsSolutions) say(true, `${which}, and supervised fine-tuning learns from solutions`);
    else if (requirements.ratios.length > 0) say(false, `${which} and can never be given a hint`);
  }
  for (const [i, { ratio, hints }] of (lengths?.stages ?? []).entries()) {
    if (hints > 0 || without_trace.length === problems.length || requirements.needsSolutions) continue;
    say(false, `stage ${i + 1} (${ratio}) gives no problem a hint: the solutions have too few steps for it`);
  }
  // Generated problems repeat themselves where their rules have no others, and have a form of their own.
  const isGenerated = problems.every((problem) => checkTrace(problem, "") !== null);
  if (duplicates.length > 0 && !isGenerated) {
    const ids = duplicates.map(({ id, same_as }) => `${id} is ${same_as}`);
    say(false, `${many(duplicates.length)} problems are duplicates (${first(ids)})`);
  }
  if (
    early_leaks.length > 0 && requirements.ratios.length > 0 && !requirements.leakGuard &&
    !requirements.needsSolutions
  ) {
    say(false, `${many(early_leaks.length)} solutions show the answer early, and ghpo.leak_guard is off`);
  }
  if (overlaps.length > 0) {
    say(
      false,
      `${many(overlaps.length)} problems overlap with a benchmark (${first(overlaps.map(({ id }) => id))})`,
    );
  }
  if (lengths !== null && lengths.long_targets.length > 0 && requirements.target !== null) {
    const { of, tokens, name } = requirements.target;
    const what = of === "sequence" ? "prompts with their solutions" : "solutions";
    say(
      of === "sequence",
      `${many(lengths.long_targets.length)} ${what} are longer than ${tokens} tokens (${name}), as that of ` +
        lengths.long_targets[0]!.id,
    );
  }
  const contrary = problems.flatMap(({ id, answer, trace }) => {
    const own = trace === null ? null : markedAnswer(trace.text);
    return own === null || own === answer || equivalent(answer, own) ? [] : [`${id}: ${own} and ${answer}`];
  });
  if (contrary.length > 0) {
    say(
      contrary.length > problems.length / 2,
      `${many(contrary.length)} solutions end in an answer that differs from their row's (${
        first(contrary)
      })`,
    );
  }
  // A model of a few words cannot be asked for a form.
  const isWordless = tokenizer !== null && UnknownWords.of(tokenizer).firstOf("the answer") !== null;
  if (reference !== null) referenceSentences(reference, requirements, isGenerated || isWordless, say);
  if (eosIds !== null && eosIds.length === 0) {
    say(
      true,
      "the model's config.json and generation_config.json name no end token, so that no completion would end",
    );
  }
  const eos = tokenizer === null ? [] : (eosIds ?? []).map((id) => tokenizer.decode([id], { special: true }));
  const dropped = [...tooLong];
  return {
    data,
    errors: input.errors,
    lengths,
    reference,
    eos,
    requirements,
    problems,
    dropped,
    faults,
    warnings,
  };
}
