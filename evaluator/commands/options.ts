// Flags of the evaluate command, each checked by its schema so that a wrong value is one clear sentence.

import type { Command } from "commander";
import * as v from "valibot";
import { parseFlags } from "#shared/schemas/parse.ts";
import { positiveCount, seed } from "#shared/schemas/values.ts";
import { presets as graders } from "#shared/verify/mod.ts";
import { PRESET_NAMES } from "../presets.ts";

const number = v.pipe(v.string(), v.transform(Number));
const whole = v.pipe(number, positiveCount);
const seedFlag = v.pipe(number, seed);
const share = v.pipe(number, v.number(), v.minValue(0), v.maxValue(1));

const EvaluateSchema = v.strictObject({
  model: v.optional(v.string()),
  adapter: v.optional(v.string()),
  endpoint: v.optional(v.pipe(v.string(), v.url("must be an address such as http://127.0.0.1:8000/v1"))),
  completions: v.optional(v.string()),
  benchmarks: v.optional(
    v.pipe(v.string(), v.transform((list) => list.split(",").map((name) => name.trim()))),
  ),
  preset: v.optional(v.picklist(PRESET_NAMES)),
  verifier: v.optional(v.picklist(Object.keys(graders) as (keyof typeof graders)[])),
  base: v.optional(v.boolean(), false),
  problemsSeed: v.optional(seedFlag),
  perLevel: v.optional(whole),
  limit: v.optional(whole),
  samples: v.optional(whole),
  temperature: v.optional(v.pipe(number, v.number(), v.minValue(0), v.maxValue(10))),
  topP: v.optional(share),
  maxTokens: v.optional(whole),
  seed: v.optional(seedFlag),
  data: v.optional(v.string()),
  out: v.optional(v.string()),
  journal: v.optional(v.string()),
  concurrency: v.optional(whole),
  timeout: v.optional(v.pipe(number, v.number(), v.gtValue(0))),
  attempts: v.optional(whole),
  stream: v.optional(v.boolean(), false),
  min: v.optional(v.array(v.pipe(v.string(), v.regex(/^[\w-]+=[\d.]+$/, "must look like chain=0.2")))),
  allowPartial: v.optional(v.boolean(), false),
  dryRun: v.optional(v.boolean(), false),
  json: v.optional(v.boolean(), false),
});
export type EvaluateOptions = v.InferOutput<typeof EvaluateSchema>;

/** Adds the flags to a command. Defaults are applied where they are used; the help names them. */
export function addEvaluateOptions(command: Command): Command {
  return command
    .option("--model <dir>", "checkpoint directory, or with --endpoint the server's model name")
    .option("--adapter <dir>", "adapters of the PEFT library, to be merged into the checkpoint")
    .option(
      "--endpoint <url>",
      "OpenAI-compatible server such as http://127.0.0.1:8000/v1; its key comes from OPENAI_API_KEY",
    )
    .option("--completions <file>", "score a JSONL file of completions, or a journal, without generating")
    .option("--benchmarks <names>", "comma-separated; see `benchmarks` (default: the bundled ones)")
    .option("--preset <name>", `protocol of published benchmarks: ${PRESET_NAMES.slice(1).join(", ")}`)
    .option("--verifier <name>", `grader instead of the protocol's: ${Object.keys(graders).join(", ")}`)
    .option("--base", "treat the model as a base model: plain-text prompt, no chat template")
    .option("--problems-seed <n>", "seed of the bundled problems (default: 1)")
    .option("--per-level <n>", "bundled problems of each level (default: 40)")
    .option("--limit <n>", "only the first n problems of each benchmark")
    .option("--samples <k>", "samples per problem (default: the protocol's; 1 for the bundled ones)")
    .option("--temperature <t>", "0 is greedy (default: the protocol's)")
    .option("--top-p <p>", "nucleus of the sampling distribution (default: the protocol's)")
    .option("--max-tokens <n>", "maximum number of new tokens (default: the protocol's)")
    .option("--seed <n>", "sampling seed (default: 0)")
    .option("--data <dir>", "folder of the published benchmarks' files (default: data)")
    .option("--out <file>", "write the result here, with its samples and journal next to it")
    .option("--journal <file>", "journal to continue (default: next to --out)")
    .option("--concurrency <n>", "most requests in flight (default: 16)")
    .option("--timeout <s>", "deadline of one request in seconds (default: 600)")
    .option("--attempts <n>", "attempts per request before it counts as failed (default: 6)")
    .option("--stream", "ask the endpoint to stream")
    .option("--min <benchmark=score...>", "exit 1 when a pass@1 (0 to 1) is lower; may be repeated")
    .option("--allow-partial", "exit 0 even if samples are missing")
    .option("--dry-run", "print the first prompt of each benchmark and exit")
    .option("--json", "print the result as JSON on stdout");
}

/** Checks the flags. Throws one sentence about the first fault. */
export function readEvaluateOptions(raw: unknown): EvaluateOptions {
  const options = parseFlags(EvaluateSchema, raw);
  const sources = [options.endpoint, options.completions].filter((source) => source !== undefined);
  if (sources.length > 1) {
    throw new TypeError("Cannot evaluate as --endpoint and --completions exclude each other");
  }
  if (options.model === undefined && options.completions === undefined && !options.dryRun) {
    throw new TypeError(
      "Cannot evaluate as nothing answers: pass --model, --endpoint with --model, or --completions",
    );
  }
  if (options.adapter !== undefined && (options.model === undefined || sources.length > 0)) {
    throw new TypeError("Cannot evaluate as --adapter goes with --model, a checkpoint directory, alone");
  }
  return options;
}
