// A real model against transformers: log-probs of given answers and 64 greedy tokens a prompt, as convert_gguf.py left
// them in reference.json; and log-probs of a run's own completions under what the run saved.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openGpu } from "#shared/engine/gpu/device.ts";
import { readJson } from "#shared/io/files.ts";
import { loadTokenizer } from "#shared/io/tokenizer_files.ts";
import { Generator } from "#shared/engine/generation/generate.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import { Learner } from "../learner/learner.ts";

interface Row {
  prompt: string;
  prompt_ids: number[];
  ids: number[];
  logprobs: number[];
  greedy: number[];
  /** Difference of the two largest logits before each greedy token. */
  margins: number[];
}

export interface Parity {
  parameters: number;
  tokens: number;
  max_logprob_error: number;
  greedy_tokens: number;
  /** Greedy tokens up to the first one that differs, over all prompts. */
  greedy_equal: number;
  /** transformers' margin at each first difference. */
  margins_at_difference: number[];
}

/** @throws Error when the directory has no reference.json. */
export async function compareWithTransformers(directory: string): Promise<Parity> {
  const path = join(directory, "reference.json");
  if (!existsSync(path)) {
    throw new Error(`Cannot compare ${directory} as it has no reference.json: write it with convert_gguf.py`);
  }
  const rows = readJson(path) as Row[];
  const gpu = await openGpu(dawn());
  const model = loadModel(gpu, directory);
  const tokenizer = loadTokenizer(directory);
  for (const { prompt, prompt_ids } of rows) assert.deepEqual(tokenizer.encode(prompt), prompt_ids);

  const sequences = rows.map(({ ids, prompt_ids }) => ({ ids, prompt_length: prompt_ids.length }));
  const tokens = Math.max(...sequences.map(({ ids }) => ids.length));
  const learner = new Learner(model, { micro_batch_tokens: tokens, temperature: 1 });
  const { logprobs } = await learner.forward(sequences);
  learner.destroy();
  const errors = rows.flatMap((row, i) => row.logprobs.map((x, t) => Math.abs(x - logprobs[i]![t]!)));

  const generator = new Generator(model);
  const answers = await generator.generate(
    rows.map(({ prompt_ids }, i) => ({ prompt_ids, samples: 1, key: [0, i] })),
    { max_tokens: 64, temperature: 1, greedy: true, seed: 0, eos_ids: [] },
  );
  let equal = 0;
  const margins: number[] = [];
  rows.forEach(({ greedy, margins: own }, i) => {
    const first = greedy.findIndex((id, t) => id !== answers[i]![0]!.ids[t]);
    equal += first === -1 ? greedy.length : first;
    if (first !== -1) margins.push(own[first]!);
  });
  gpu.close();
  return {
    parameters: model.size,
    tokens: errors.length,
    max_logprob_error: Math.max(...errors),
    greedy_tokens: rows.reduce((sum, { greedy }) => sum + greedy.length, 0),
    greedy_equal: equal,
    margins_at_difference: margins,
  };
}

export interface SavedScores {
  tokens: number;
  /** Largest difference between this engine's log-probs and transformers', on the merged model. */
  max_merged_error: number;
  /** The same with peft, on the base model with the adapters. */
  max_adapter_error: number;
}

/** Scores completions under a checkpoint with this engine, transformers and peft. */
export async function compareSaved(
  checkpoint: string,
  base: string,
  completions: readonly { prompt_ids: number[]; ids: number[] }[],
  python: string,
): Promise<SavedScores> {
  const gpu = await openGpu(dawn());
  const model = loadModel(gpu, checkpoint);
  const sequences = completions.map(({ prompt_ids, ids }) => ({
    ids: [...prompt_ids, ...ids],
    prompt_length: prompt_ids.length,
  }));
  const tokens = Math.max(...sequences.map(({ ids }) => ids.length));
  const own = await new Learner(model, { micro_batch_tokens: tokens, temperature: 1 }).forward(sequences);
  gpu.close();
  const script = join(import.meta.dirname, "score.py");
  const { stdout, stderr, exitCode } = Bun.spawnSync(
    [python, script, checkpoint, base, join(checkpoint, "adapter")],
    { stdin: new TextEncoder().encode(JSON.stringify(completions)) },
  );
  if (exitCode !== 0) {
    throw new Error(`Cannot score with transformers: ${stderr.toString().trim().split("\n").at(-1)}`);
  }
  const { merged, adapter } = JSON.parse(stdout.toString()) as Record<"merged" | "adapter", number[][]>;
  const worst = (theirs: number[][]) =>
    Math.max(...theirs.flatMap((row, i) => row.map((x, t) => Math.abs(x - own.logprobs[i]![t]!))));
  return {
    tokens: merged.flat().length,
    max_merged_error: worst(merged),
    max_adapter_error: worst(adapter),
  };
}
