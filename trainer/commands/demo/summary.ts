// What the demo measured: the content of runs/demo/summary.json, shown by table.ts and page.ts.

import type { Difference } from "./evaluation.ts";

/** Shares of right answers, 0 to 1. */
export interface FamilyResult {
  family: string;
  trained: boolean;
  before: number;
  before_interval_95: [number, number];
  after: number;
  after_interval_95: [number, number];
  /** Answers whose whole trace is right. */
  trace_before: number;
  trace_after: number;
  /** Plain GRPO on as many generated tokens; null without --compare. */
  grpo: number | null;
}

export interface DemoSummary {
  base_dir: string;
  final_dir: string;
  problems_seed: number;
  families: FamilyResult[];
  /** Over the trained families. */
  average: Difference;
  trace_average: { before: number; after: number };
  hinted_groups: number;
  rescued_groups: number;
  steps: number;
  generated_tokens: number;
  seconds: number;
  /** GHPO's final minus GRPO's at equal generated tokens; null without --compare. */
  over_grpo: (Difference & { grpo_dir: string; generated_tokens: number }) | null;
}
