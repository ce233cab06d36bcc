// `generate`: continues one prompt with a checkpoint on Deno's WebGPU and prints ids, text and log-probs.

import * as v from "valibot";
import { parseFlags } from "#shared/schemas/parse.ts";
import { counts, numeral, positiveCount, seed } from "#shared/schemas/values.ts";
import { requireKnown } from "#shared/text/unknown_words.ts";
import { openLocalModel } from "../sources/local_model.ts";
import type { Prompt } from "#shared/tasks/task.ts";
import type { LocalModel } from "../sources/checkpoint.ts";

const GenerateSchema = v.strictObject({
  model: v.string(),
  adapter: v.optional(v.string()),
  prompt: v.optional(v.string()),
  promptIds: v.optional(counts),
  raw: v.optional(v.boolean(), false),
  maxTokens: v.optional(v.pipe(numeral, positiveCount), "64"),
  greedy: v.optional(v.boolean(), false),
  temperature: v.optional(v.pipe(numeral, v.number(), v.minValue(0)), "1"),
  seed: v.optional(v.pipe(numeral, seed), "0"),
  json: v.optional(v.boolean(), false),
});

/** Runs the command. Throws when not exactly one of prompt and ids is given. */
export async function generate(raw: unknown): Promise<void> {
  const options = parseFlags(GenerateSchema, raw);
  if ((options.prompt === undefined) === (options.promptIds === undefined)) {
    throw new TypeError("Cannot generate as exactly one of --prompt and --prompt-ids is needed");
  }
  const model = await openLocalModel(options.model, { adapter: options.adapter });
  try {
    const prompt = options.prompt === undefined ? null : promptOf(options.prompt, options.raw);
    if (prompt !== null) requireKnown(model.tokenizer, model.textOf(prompt));
    const prompt_ids = options.promptIds ?? model.encode(prompt!);
    const [[generated] = []] = await model.generate([{ prompt_ids, samples: 1, key: [0, 0] }], {
      max_tokens: options.maxTokens,
      temperature: options.greedy ? 0 : options.temperature,
      seed: options.seed,
      stop: [],
    });
    const ids = Array.from(generated?.ids ?? []);
    // With ids alone no tokenizer is needed, and the text stays empty where there is none.
    const text = options.prompt === undefined ? optionalText(model, ids) : model.decode(ids);
    const logprobs = Array.from(generated?.logprobs ?? []);
    console.log(options.json ? JSON.stringify({ ids, text, logprobs }) : text || ids.join(" "));
  } finally {
    model.close();
  }
}

function promptOf(text: string, raw: boolean): Prompt {
  return raw ? { text } : { messages: [{ role: "user", content: text }] };
}

function optionalText(model: LocalModel, ids: number[]): string {
  try {
    return model.decode(ids);
  } catch {
    return "";
  }
}
