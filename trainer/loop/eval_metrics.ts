// Evaluation inside the loop: un-hinted, on held-out problems. Its tokens are reported apart and never count as
// training. The evaluator (Deno) is the judge of finished models; this one draws the curve and chooses the checkpoint.

import { mean } from "#shared/statistics.ts";
import { markedGold } from "#shared/problems/gold.ts";
import { checkTrace } from "#shared/problems/synthetic.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import { buildPrompt, type PromptOptions } from "#shared/text/prompts.ts";
import { stopsAt } from "#shared/text/stop_strings.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { accuracyReward, type PresetName } from "#shared/verify/mod.ts";
import type { Values } from "./metrics.ts";
import type { Sampler } from "../learner/policy.ts";

export interface EvalSetting {
  sampler: Sampler;
  tokenizer: Tokenizer;
  /** The problems' sources are the benchmarks. */
  problems: readonly Problem[];
  /** How the problems are shown. */
  prompt: PromptOptions;
  preset: PresetName;
  /** Completions a problem (1), and their temperature (0, which is greedy). */
  num_samples?: number;
  temperature?: number;
  max_tokens: number;
  eosIds: number[];
  /** Texts that end a completion. */
  stop?: readonly string[];
}

/** `eval_*` metrics: accuracy a benchmark and their unweighted mean, pass@k of several samples, the share of wholly right traces, lengths. */
export async function evalMetrics(setting: EvalSetting): Promise<Values> {
  const {
    sampler,
    tokenizer,
    problems,
    eosIds,
    prompt,
    max_tokens,
    num_samples = 1,
    temperature: asked = 0,
  } = setting;
  const style = { ...prompt, glue: "", placement: "user" } as const;
  const requests = problems.map((problem, i) => ({
    prompt_ids: buildPrompt(tokenizer, problem.text, "", style).prompt_ids,
    samples: num_samples,
    key: [0, i] as [number, number],
  }));
  const greedy = asked === 0;
  const temperature = greedy ? 1 : asked;
  const options = {
    max_tokens,
    temperature,
    greedy,
    seed: 0,
    eos_ids: eosIds,
    ends: stopsAt(tokenizer, setting.stop ?? []),
  };
  const answers = await sampler.generate(requests, options);
  const right = new Map<string, number[]>();
  const traces = new Map<string, number[]>();
  let tokens = 0;
  const solved = new Map<string, number[]>();
  problems.forEach((problem, i) => {
    const gold = markedGold(problem.answer, setting.preset);
    const verdicts = answers[i]!.map(({ ids }) => {
      const text = tokenizer.decode(ids);
      tokens += ids.length;
      const trace = checkTrace(problem, text);
      if (trace !== null) append(traces, problem.source, trace ? 1 : 0);
      return accuracyReward(gold, text, setting.preset) ?? 0;
    });
    append(right, problem.source, mean(verdicts));
    append(solved, problem.source, Math.max(...verdicts));
  });
  const values: Values = {
    eval_accuracy: mean([...right.values()].map(mean)),
    eval_generated_tokens: tokens,
    "eval_completions/mean_length": tokens / (problems.length * num_samples),
  };
  if (num_samples > 1) {
    values[`eval_pass@${num_samples}`] = mean([...solved.values()].map(mean));
  }
  for (const [name, scores] of right) values[`eval_accuracy/${name}`] = mean(scores);
  if (traces.size > 0) values["eval_trace_accuracy"] = mean([...traces.values()].map(mean));
  for (const [name, scores] of traces) values[`eval_trace_accuracy/${name}`] = mean(scores);
  return values;
}

/** The names of the metrics that `evaluate` will give: those of one problem a source that is answered by nothing. */
export async function evalMetricNames(setting: EvalSetting): Promise<string[]> {
  const problems = [...new Map(setting.problems.map((problem) => [problem.source, problem])).values()];
  const silent = { ids: [], logprobs: [], finish_reason: "length" as const };
  const sampler: Sampler = {
    generate: (requests) => Promise.resolve(requests.map(({ samples }) => Array(samples).fill(silent))),
  };
  return Object.keys(await evalMetrics({ ...setting, problems, sampler }));
}

function append(into: Map<string, number[]>, key: string, value: number): void {
  into.set(key, [...into.get(key) ?? [], value]);
}
