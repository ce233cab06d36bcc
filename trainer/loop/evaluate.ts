// Evaluation inside the loop: un-hinted, greedy, on held-out problems. Its tokens are reported apart and never count as
// training. The evaluator (Deno) is the judge of finished models; this one draws the curve and chooses the checkpoint.

import { checkTrace } from "#shared/problems/synthetic.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import { buildPrompt } from "#shared/text/prompts.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { accuracyReward, type PresetName } from "#shared/verify/mod.ts";
import type { Values } from "./metrics.ts";
import type { Sampler } from "../learner/policy.ts";

export interface EvaluationSetting {
  sampler: Sampler;
  tokenizer: Tokenizer;
  /** The problems' sources are the benchmarks. */
  problems: readonly Problem[];
  /** System turn of the prompt ("" for none, "ghpo" for the paper's). */
  system: string;
  preset: PresetName;
  max_tokens: number;
  eosIds: number[];
}

/** `eval_*` metrics: accuracy a benchmark and their unweighted mean, the share of wholly right traces, lengths. */
export async function evaluate(setting: EvaluationSetting): Promise<Values> {
  const { sampler, tokenizer, problems, eosIds, system, max_tokens } = setting;
  const style = { system, glue: "", placement: "user" } as const;
  const requests = problems.map((problem, i) => ({
    prompt_ids: buildPrompt(tokenizer, problem.text, "", style).prompt_ids,
    samples: 1,
    key: [0, i] as [number, number],
  }));
  const options = { max_tokens, temperature: 1, greedy: true, seed: 0, eos_ids: eosIds };
  const answers = await sampler.generate(requests, options);
  const right = new Map<string, number[]>();
  const traces = new Map<string, number[]>();
  let tokens = 0;
  problems.forEach((problem, i) => {
    const { ids } = answers[i]![0]!;
    const text = tokenizer.decode(ids);
    tokens += ids.length;
    append(right, problem.source, accuracyReward(problem.answer, text, setting.preset) ?? 0);
    const trace = checkTrace(problem, text);
    if (trace !== null) append(traces, problem.source, trace ? 1 : 0);
  });
  const values: Values = {
    eval_accuracy: mean([...right.values()].map(mean)),
    eval_generated_tokens: tokens,
    "eval_completions/mean_length": tokens / problems.length,
  };
  for (const [name, scores] of right) values[`eval_accuracy/${name}`] = mean(scores);
  if (traces.size > 0) values["eval_trace_accuracy"] = mean([...traces.values()].map(mean));
  for (const [name, scores] of traces) values[`eval_trace_accuracy/${name}`] = mean(scores);
  return values;
}

function append(into: Map<string, number[]>, key: string, value: number): void {
  into.set(key, [...into.get(key) ?? [], value]);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
