// Numbers of one run, from its metrics, and their estimate over the seeds of an arm.

import { mean } from "#shared/statistics.ts";
import type { RunData } from "./run_data.ts";
import type { ArmData } from "./results.ts";
import { type Estimate, tEstimate, variance } from "./statistics.ts";

/** null: the run has no such number. */
export type Quantity = (run: RunData) => number | null;

/** One number a run, as an estimate over the seeds; null when no run has it. */
export function overSeeds({ runs }: ArmData, of: Quantity): Estimate | null {
  const values = [...runs.values()].map(of).filter((value) => value !== null && Number.isFinite(value));
  return values.length === 0 ? null : tEstimate(values as number[]);
}

/** Mean of a metric over the steps that have it. */
export function meanOf(key: string, from = 0, to?: number): Quantity {
  return (run) => {
    const known = (run.metrics.get(key) ?? []).slice(from, to).filter((value) => value !== null);
    return known.length === 0 ? null : mean(known);
  };
}

/** Sum of one metric over the steps by that of another. */
export function ratioOf(part: string, whole: string): Quantity {
  return (run) => {
    const all = total(run, whole) ?? 0;
    return all === 0 ? null : (total(run, part) ?? 0) / all;
  };
}

export const finalTokens: Quantity = (run) => run.metrics.get("generated_tokens")!.at(-1)!;
export const finalCompute: Quantity = (run) => run.metrics.get("tflop")!.at(-1)!;
export const finalStep: Quantity = (run) => run.metrics.get("tflop")!.length;

/** Share of the generated tokens that later rounds of a step took. */
export const extraShare: Quantity = (run) => {
  const extra = total(run, "ghpo/extra_generation_tokens");
  return extra === null ? null : extra / finalTokens(run)!;
};

/** Variance over the steps of the gradient's norm before clipping. */
export const gradientVariance: Quantity = (run) => {
  const known = (run.metrics.get("grad_norm") ?? []).filter((value) => value !== null);
  return known.length < 2 ? null : variance(known);
};

/**
 * Of the groups that were tried at a stage, the share that it rescued: the rates of the steps, weighted by the groups
 * that ended at that stage or later.
 */
export function rescueRate(stage: number, from = 0, to?: number): Quantity {
  return (run) => {
    const part = (key: string) => run.metrics.get(key)?.slice(from, to);
    const rates = part(`ghpo/rescue_rate/stage_${stage}`) ?? [];
    let rescued = 0;
    let tried = 0;
    rates.forEach((rate, i) => {
      if (rate === null) return;
      let weight = 0;
      for (let later = stage; run.metrics.has(`ghpo/frac_stage_${later}`); later++) {
        weight += part(`ghpo/frac_stage_${later}`)![i] ?? 0;
      }
      rescued += rate * weight;
      tried += weight;
    });
    return tried === 0 ? null : rescued / tried;
  };
}

/** Of the right answers to hard problems in these training steps, the share with a wholly right trace. */
export function trainingTraced(side: "plain" | "hinted", from = 0, to?: number): Quantity {
  return (run) => {
    const right = total(run, `hard/right_${side}`, from, to) ?? 0;
    return right === 0 ? null : total(run, `hard/traced_${side}`, from, to)! / right;
  };
}

function total(run: RunData, key: string, from = 0, to?: number): number | null {
  const series = run.metrics.get(key)?.slice(from, to);
  return series === undefined ? null : series.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}
