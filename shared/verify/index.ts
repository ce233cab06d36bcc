// Entry of the verifier: is the answer inside a completion equal to the gold answer?

import { extractAnswer, parseAnswer } from "./simple.ts";
import { type Preset, type PresetName, presets } from "./presets.ts";

export { type FormatKind, formatReward } from "./formats.ts";
export { type Preset, type PresetName, presets };

/** What the verifier decided and why. `verdict` null: the gold answer itself cannot be verified. */
export type Verdict = {
  verdict: true | false | "undecided" | null;
  tier: string;
  reason: string;
  extracted: string | null;
  span?: { start: number; end: number };
};

/** Compares the final answer of `completion` with `gold`. Never throws. */
export function verify(gold: string, completion: string, preset: PresetName | Preset = "strict"): Verdict {
  void preset;
  const goldSpan = gold.includes("\\boxed{") || gold.includes("####") ? extractAnswer(gold) : null;
  const goldText = goldSpan === null ? gold : gold.slice(goldSpan.start, goldSpan.end);
  const span = extractAnswer(completion);
  if (goldText.trim() === "") {
    return { verdict: null, tier: "gold", reason: "the gold answer is empty", extracted: null };
  }
  if (span === null) return { verdict: false, tier: "extract", reason: "no answer found", extracted: null };
  const extracted = completion.slice(span.start, span.end);
  const a = parseAnswer(goldText);
  const b = parseAnswer(extracted);
  if (a !== null && b !== null) {
    const verdict = a.p === b.p && a.q === b.q;
    return {
      verdict,
      tier: "rational",
      reason: verdict ? "same number" : "different numbers",
      extracted,
      span,
    };
  }
  if (goldText.trim() === extracted.trim()) {
    return { verdict: true, tier: "text", reason: "same text", extracted, span };
  }
  return { verdict: "undecided", tier: "none", reason: "the answers could not be compared", extracted, span };
}

/** 1 when right, 0 when wrong or undecided, null when the gold answer cannot be verified. */
export function accuracyReward(
  gold: string,
  completion: string,
  preset: PresetName | Preset = "strict",
): 1 | 0 | null {
  const { verdict } = verify(gold, completion, preset);
  return verdict === null ? null : verdict === true ? 1 : 0;
}

/** Whether two final answers (not completions) are equal; for clustering votes. */
export function equivalent(a: string, b: string, preset: PresetName | Preset = "strict"): boolean {
  void preset;
  const x = parseAnswer(a);
  const y = parseAnswer(b);
  return x !== null && y !== null ? x.p === y.p && x.q === y.q : a.trim() === b.trim();
}

/** Checks that a gold answer parses and equals itself; a data set runs it on import. */
export function checkGold(gold: string, preset: PresetName | Preset = "strict"): Verdict {
  return verify(gold, gold, preset);
}
