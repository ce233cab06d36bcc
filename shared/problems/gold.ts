// The gold of a problem for the verifier.

import { type PresetName, presets } from "#shared/verify/mod.ts";

/**
 * A final answer as a marked one: it is known to be nothing else, so that no grader looks for it in prose, and a
 * grader that reads bare golds as words (the paper's, which takes them from whole solutions) reads it as mathematics.
 */
export function markedGold(answer: string, preset: PresetName): string {
  return presets[preset].grader === "algebra" ? `\\boxed{${answer}}` : answer;
}
