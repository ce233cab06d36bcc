// generate: what a checkpoint answers. Prints generated tokens only, with their log-probabilities.

import * as v from "valibot";
import { openCheckpoint } from "#shared/engine/generation/open_checkpoint.ts";
import { openGpu } from "#shared/engine/gpu/device.ts";
import { modelDirectory } from "#shared/io/model_directory.ts";
import { loadTokenizer } from "#shared/io/tokenizer_files.ts";
import { Generator } from "#shared/engine/generation/generate.ts";
import { samplingNotice } from "#shared/engine/model/sampling_notice.ts";
import { parseFlags } from "#shared/schemas/parse.ts";
import { counts, name, nonNegative, numeral, positiveCount, seed } from "#shared/schemas/values.ts";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import { requireKnown } from "#shared/text/unknown_words.ts";

const FlagsSchema = v.strictObject({
  model: name,
  adapter: v.optional(name),
  prompt: v.optional(v.string()),
  promptIds: v.optional(counts),
  raw: v.optional(v.boolean(), false),
  maxTokens: v.pipe(numeral, positiveCount),
  greedy: v.optional(v.boolean(), false),
  temperature: v.pipe(numeral, nonNegative),
  seed: v.pipe(numeral, seed),
  json: v.optional(v.boolean(), false),
});

export async function generateCommand(flags: unknown): Promise<void> {
  const o = parseFlags(FlagsSchema, flags);
  if ((o.prompt === undefined) === (o.promptIds === undefined)) {
    throw new TypeError("Cannot generate as exactly one of --prompt and --prompt-ids must be given");
  }
  const directory = modelDirectory(o.model);
  // With ids alone no tokenizer is needed, and the text stays empty where there is none.
  const tokenizer = o.prompt === undefined ? optionalTokenizer(directory) : loadTokenizer(directory);
  const text = o.prompt === undefined || o.raw
    ? o.prompt
    : tokenizer!.chat([{ role: "user", content: o.prompt }]);
  if (tokenizer !== null && text !== undefined) requireKnown(tokenizer, text);
  const prompt_ids = o.promptIds ?? (o.raw ? tokenizer!.encodePlain(text!) : tokenizer!.encode(text!));
  if (prompt_ids.length === 0) {
    throw new RangeError("Cannot generate as the prompt must have at least one token");
  }
  const gpu = await openGpu(dawn());
  const model = await openCheckpoint(gpu, directory, o.adapter);
  try {
    tokenizer?.limit(model.config.vocab_size);
    const notice = samplingNotice(directory);
    if (notice) console.error(notice);
    const answers = await new Generator(model).generate([{ prompt_ids, samples: 1, key: [0, 0] }], {
      max_tokens: o.maxTokens,
      temperature: o.greedy ? 0 : o.temperature,
      greedy: o.greedy || o.temperature === 0,
      seed: o.seed,
      eos_ids: model.config.eos_token_ids,
    });
    const { ids, logprobs } = answers[0]![0]!;
    const wrong = logprobs.findIndex((logprob) => !Number.isFinite(logprob));
    if (wrong >= 0) {
      throw new Error(
        `Cannot generate with ${o.model} as its log-probs must be finite: that of token ${wrong + 1} is ${
          logprobs[wrong]
        }, so its weights are ruined`,
      );
    }
    const output = { ids, text: tokenizer?.decode(ids) ?? "", logprobs };
    console.log(o.json ? JSON.stringify(output) : tokenizer === null ? ids.join(" ") : output.text);
  } finally {
    gpu.close();
  }
}

function optionalTokenizer(directory: string) {
  try {
    return loadTokenizer(directory);
  } catch {
    return null;
  }
}
