// How the report's tables write their numbers.

import { percent } from "#shared/text/format.ts";
import type { Axis } from "./results.ts";
import type { Estimate } from "./statistics.ts";

/** A share as `61.2 [55.0, 67.4]`, in per cent; an interval ends where shares do. */
export function estimate(e: Estimate | null): string {
  if (e === null) return "–";
  if (e.low === null || e.high === null) return percent(e.mean);
  return `${percent(e.mean)} [${percent(Math.max(0, e.low))}, ${percent(Math.min(1, e.high))}]`;
}

export function difference(e: Estimate | null): string {
  if (e === null) return "–";
  const signed = (share: number) => (share < 0 ? "−" : "+") + percent(Math.abs(share));
  return e.low === null ? signed(e.mean) : `${signed(e.mean)} [${signed(e.low)}, ${signed(e.high!)}]`;
}

export function plain(e: Estimate | null, digits: number): string {
  return e === null ? "–" : e.mean.toFixed(digits);
}

export function thousands(e: Estimate | null): string {
  return e === null ? "–" : `${Math.round(e.mean / 1000)}k`;
}

export function position(x: number, axis: Axis): string {
  if (axis === "generated tokens") return `${Math.round(x / 1000)}k`;
  return axis === "steps" ? String(Math.round(x)) : x.toFixed(3);
}
