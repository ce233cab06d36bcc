// Lengths in tokens: of every prompt, plain and with the hint of each stage, and of what the model is to write.

import type { Problem } from "#shared/schemas/problem.ts";
import { glueText, type PromptStyle, renderPrompt } from "#shared/text/prompts.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { hintAt } from "../ghpo/hint.ts";
import { targetOf } from "../loop/targets.ts";
import type { Requirements } from "./requirements.ts";
import { type Spread, spread, TokenCounts } from "./token_counts.ts";

/** Texts of up to this many characters in total are counted exactly. */
const COUNTED_EXACTLY = 200_000;
/** From this share of a limit on a length is counted exactly. */
const NEAR = 0.8;
/** Cutting at tokens takes a tokenizer's time for every solution: of more problems a sample is cut. */
const CUT_AT_TOKENS = 500;

export interface LongPrompt {
  id: string;
  tokens: number;
}

export interface StageReport {
  ratio: number;
  /** Problems whose hint at this stage shows something, and more than the stage before. */
  hints: number;
  /** Hints that the answer, without the guard, would have been part of. */
  leaks: number;
  /** Hints that are shortened as their prompt would be too long. */
  shortened: number;
  prompt_tokens: Spread | null;
}

export interface LengthReport {
  /** Of the prompts that are not too long, like all that follows. */
  prompt_tokens: Spread | null;
  too_long: LongPrompt[];
  stages: StageReport[];
  /** Problems that the stages were looked at on: all, or a sample where hints are cut at tokens. */
  staged: number;
  target_tokens: Spread | null;
  /** Problems whose solution is longer than the model may write. */
  long_targets: LongPrompt[];
}

export function measureLengths(
  problems: readonly Problem[],
  tokenizer: Tokenizer,
  requirements: Requirements,
): LengthReport {
  const counts = TokenCounts.of(tokenizer);
  const size = problems.reduce((sum, { text, trace }) => sum + text.length + (trace?.text.length ?? 0), 0);
  const isSmall = size <= COUNTED_EXACTLY;
  const frame = frameOf(tokenizer, requirements.style);
  if (!isSmall) counts.calibrate(sampleOf(problems));
  const glue = counts.about(glueText(requirements.style));
  const around = frame === null ? 0 : counts.exact(frame.join(""));

  const length = (problem: Problem, hint: string, limit: number): number => {
    const rendered = () => renderPrompt(tokenizer, problem.text, hint, requirements.style);
    if (isSmall) return counts.exact(rendered());
    const shown = hint === "" ? 0 : glue + counts.about(hint);
    const about = frame === null ? counts.about(rendered()) : around + counts.about(problem.text) + shown;
    return about > NEAR * limit ? counts.exact(rendered()) : about;
  };
  const limit = requirements.prompt?.tokens ?? Infinity;
  const plain = problems.map((problem) => length(problem, "", limit));
  const too_long = problems.flatMap(({ id }, i) => plain[i]! > limit ? [{ id, tokens: plain[i]! }] : []);

  const every = requirements.cut === "token" ? Math.max(1, Math.ceil(problems.length / CUT_AT_TOKENS)) : 1;
  const looked = problems.filter((problem, i) =>
    i % every === 0 && problem.trace !== null && plain[i]! <= limit
  );
  const shown = new Map<string, number>();
  const stages = requirements.ratios.map((ratio, i): StageReport => {
    const report: StageReport = { ratio, hints: 0, leaks: 0, shortened: 0, prompt_tokens: null };
    const lengths: number[] = [];
    for (const problem of looked) {
      const { cut, leakGuard } = requirements;
      const tokenPieces = (text: string) => tokenizer.pieces(text);
      const { hint, leak } = hintAt(problem, i + 1, ratio, { cut, leakGuard, tokenPieces });
      if (leak) report.leaks++;
      if (hint.length <= (shown.get(problem.id) ?? 0)) continue;
      shown.set(problem.id, hint.length);
      report.hints++;
      const tokens = length(problem, hint, limit);
      if (tokens > limit) report.shortened++;
      lengths.push(Math.min(tokens, limit));
    }
    return { ...report, prompt_tokens: spread(lengths) };
  });

  const targets: number[] = [];
  const long_targets: LongPrompt[] = [];
  for (const [i, problem] of problems.entries()) {
    if (plain[i]! > limit) continue;
    const text = targetOf(problem, requirements.format);
    if (text === null) continue;
    const before = requirements.target?.of === "sequence" ? plain[i]! : 0;
    const most = requirements.target?.tokens ?? Infinity;
    const about = isSmall ? Infinity : counts.about(text) + 1;
    const tokens = before + (before + about > NEAR * most ? counts.exact(text) + 1 : about);
    targets.push(tokens);
    if (tokens > most) long_targets.push({ id: problem.id, tokens });
  }
  return {
    prompt_tokens: spread(plain.filter((tokens) => tokens <= limit)),
    too_long,
    stages,
    staged: looked.length,
    target_tokens: spread(targets),
    long_targets,
  };
}

/** So many problems set the scale of the counts that are not exact. */
const CALIBRATED_BY = 48;

function sampleOf(problems: readonly Problem[]): string[] {
  const every = Math.max(1, Math.floor(problems.length / CALIBRATED_BY));
  return problems.filter((_, i) => i % every === 0).map(({ text, trace }) => `${text}\n${trace?.text ?? ""}`);
}

const MARK = "\u2063QUESTION\u2063";

/** What a prompt puts before and behind any question; null where that depends on the question. */
function frameOf(tokenizer: Tokenizer, style: PromptStyle): [string, string] | null {
  const parts = renderPrompt(tokenizer, MARK, "", style).split(MARK);
  const other = renderPrompt(tokenizer, `${MARK} x${MARK}`, "", style).split(`${MARK} x${MARK}`);
  return parts.length === 2 && parts.join() === other.join() ? [parts[0]!, parts[1]!] : null;
}
