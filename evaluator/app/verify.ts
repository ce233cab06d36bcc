// Judging a batch of pairs without keeping other callers waiting: hard pairs pause for them in between.

import type * as v from "valibot";
import { limits, verify } from "#shared/verify/mod.ts";
import type { VerifyRequest, VerifyResponse } from "./schemas.ts";

/** Work between two pauses, in the verifier's units: counted and not timed, as clocks stand still on workerd. */
const SLICE = limits.fuel / 4;
/** Characters that cost about one unit to look through. */
const CHARACTERS_A_UNIT = 16;

/** The verdict on each pair, in order. */
export async function verifyPairs(
  { pairs, preset = "report" }: v.InferOutput<typeof VerifyRequest>,
): Promise<v.InferOutput<typeof VerifyResponse>["results"]> {
  const results = [];
  let spent = 0;
  for (const { id, gold, completion } of pairs) {
    if (spent > SLICE) {
      await letOthersRun();
      spent = 0;
    }
    const { verdict, tier, reason, extracted, span, fuel } = verify(gold, completion, preset);
    spent += fuel + completion.length / CHARACTERS_A_UNIT;
    results.push({
      id: id ?? null,
      verdict,
      tier,
      reason,
      extracted,
      span: span ? [span.start, span.end] as [number, number] : null,
    });
  }
  return results;
}

/** Waits until requests that have arrived meanwhile had their turn. */
export function letOthersRun(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
