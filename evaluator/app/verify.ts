// Judging a batch of pairs without keeping other callers waiting.

import type * as v from "valibot";
import { verify } from "#shared/verify/mod.ts";
import type { VerifyResponse } from "./responses.ts";
import type { VerifyRequest } from "./schemas.ts";
import { WorkSlices } from "./yielding.ts";

/** Characters that cost about one unit to look through. */
const CHARACTERS_A_UNIT = 16;

/** The verdict on each pair, in order. */
export async function verifyPairs(
  { pairs, preset = "report" }: v.InferOutput<typeof VerifyRequest>,
): Promise<v.InferOutput<typeof VerifyResponse>["results"]> {
  const results = [];
  const slices = new WorkSlices();
  for (const { id, gold, completion } of pairs) {
    const { verdict, tier, reason, extracted, span, fuel } = verify(gold, completion, preset);
    results.push({
      id: id ?? null,
      verdict,
      tier,
      reason,
      extracted,
      span: span ? [span.start, span.end] as [number, number] : null,
    });
    await slices.spend(fuel + completion.length / CHARACTERS_A_UNIT);
  }
  return results;
}
