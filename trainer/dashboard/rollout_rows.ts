// Rollouts as a table, a row a completion, for other tools: JSON Lines or Parquet.

import { parquetWriteBuffer } from "hyparquet-writer";
import type { Problem } from "#shared/schemas/problem.ts";
import type { Group } from "#shared/schemas/rollout.ts";

export type RolloutRow = Record<string, string | number | null>;

/** One row for each completion of a group. Token ids stay in the run's own files. */
export function rowsOf(group: Group, problem: Problem | undefined): RolloutRow[] {
  const { guidance, step, problem_id, prompt, accuracy_unhinted } = group;
  return group.completions.map((completion, index) => ({
    step,
    problem_id,
    problem: problem?.text ?? null,
    answer: problem?.answer ?? null,
    stage: guidance.stage,
    hint_ratio: guidance.ratio,
    hint: guidance.hint,
    prompt,
    sample: index,
    completion: completion.text,
    finish_reason: completion.finish_reason,
    tokens: completion.ids.length,
    logprob: completion.logprobs.reduce((sum, value) => sum + (value ?? 0), 0),
    advantage: completion.advantage,
    accuracy_unhinted,
    ...Object.fromEntries(
      Object.entries(completion.rewards).map(([name, value]) => [`reward_${name}`, value]),
    ),
  }));
}

const INTEGERS = ["step", "stage", "sample", "tokens"];

/** The rows as a Parquet file. */
export function parquetOf(rows: readonly RolloutRow[]): ArrayBuffer {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return parquetWriteBuffer({
    columnData: names.map((name) => {
      const data = rows.map((row) => row[name] ?? null);
      const isText = data.some((value) => typeof value === "string");
      const type = isText
        ? "STRING" as const
        : INTEGERS.includes(name)
        ? "INT32" as const
        : "DOUBLE" as const;
      return { name, data, type, nullable: true };
    }),
  });
}
