// Flags of the evaluate command, each checked by its schema so that a wrong value is one clear sentence.

import type { Command } from "commander";
import * as v from "valibot";
import { parseFlags } from "#shared/schemas/parse.ts";
import { numeral, positiveCount, seed } from "#shared/schemas/values.ts";
import { EVAL_PRESET_NAMES } from "#shared/tasks/protocols.ts";
import { presets as graders } from "#shared/verify/mod.ts";

const whole = v.pipe(numeral, positiveCount);
const seedFlag = v.pipe(numeral, seed);
const share = v.pipe(numeral, v.number(), v.minValue(0), v.maxValue(1));
const list = v.pipe(
  v.string(),
  v.transform((names) => names.split(",").map((name) => name.trim()).filter((name) => name !== "")),
);
const pairs = (key: RegExp, must: string) =>
  v.pipe(
    v.array(v.pipe(v.string(), v.regex(key, must))),
    v.transform((entries) =>
      Object.fromEntries(entries.map((entry) => {
        const [, name = "", value = ""] = key.exec(entry) ?? [];
        return [name.trim(), value.trim()];
      }))
    ),
  );

/** A JSON object given as text. */
const json = v.pipe(
  v.string(),
  v.check((text) => isObject(text), 'must be a JSON object such as {"min_p": 0.05}'),
  v.transform((text): Record<string, unknown> => JSON.parse(text)),
);

/** Keys of a request that a server may not take; `model` and the prompt cannot be left out. */
const OMITTABLE = [
  "temperature",
  "top_p",
  "max_tokens",
  "max_completion_tokens",
  "stop",
  "seed",
  "stream",
  "stream_options",
] as const;

const EvaluateSchema = v.strictObject({
  model: v.optional(v.string()),
  adapter: v.optional(v.string()),
  nats: v.optional(v.string()),
  natsPatience: v.optional(v.pipe(numeral, v.number(), v.minValue(1))),
  endpoint: v.optional(v.pipe(v.string(), v.url("must be an address such as http://127.0.0.1:8000/v1"))),
  completions: v.optional(v.string()),
  benchmarks: v.optional(list),
  preset: v.optional(v.picklist(EVAL_PRESET_NAMES)),
  verifier: v.optional(v.picklist(Object.keys(graders) as (keyof typeof graders)[])),
  base: v.optional(v.boolean(), false),
  fewShot: v.optional(v.pipe(numeral, v.integer("must be a whole number"), v.minValue(0), v.maxValue(8))),
  system: v.optional(v.string()),
  problemsSeed: v.optional(seedFlag),
  perLevel: v.optional(whole),
  limit: v.optional(whole),
  ids: v.optional(list),
  shuffle: v.optional(seedFlag),
  samples: v.optional(whole),
  temperature: v.optional(v.pipe(numeral, v.number(), v.minValue(0), v.maxValue(10))),
  topP: v.optional(share),
  maxTokens: v.optional(whole),
  maxCompletionTokens: v.optional(whole),
  stop: v.optional(v.array(v.pipe(v.string(), v.nonEmpty("must not be empty")))),
  seed: v.optional(seedFlag),
  data: v.optional(v.string()),
  columns: v.optional(
    pairs(
      /^(id|text|answer|solution|trace|level)=(.+)$/,
      "must look like text=question (id, text, answer, solution, level)",
    ),
  ),
  out: v.optional(v.string()),
  overwrite: v.optional(v.boolean(), false),
  journal: v.optional(v.string()),
  concurrency: v.optional(whole),
  timeout: v.optional(v.pipe(numeral, v.number(), v.gtValue(0))),
  attempts: v.optional(whole),
  stream: v.optional(v.boolean(), false),
  omit: v.optional(v.pipe(list, v.array(v.picklist(OMITTABLE)))),
  extraBody: v.optional(json),
  header: v.optional(pairs(/^([\w-]+):([^]*)$/, "must look like 'X-Team: maths'")),
  reasoningEffort: v.optional(v.string()),
  enableThinking: v.optional(v.pipe(v.picklist(["true", "false"]), v.transform((text) => text === "true"))),
  azureApiVersion: v.optional(v.string()),
  price: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[\d.]+\/[\d.]+$/, "must look like 0.15/0.60: per million tokens of prompts and of answers"),
      v.transform((text) => text.split("/").map(Number) as [number, number]),
    ),
  ),
  batchOut: v.optional(v.string()),
  min: v.optional(v.array(v.pipe(v.string(), v.regex(/^[\w-]+=[\d.]+$/, "must look like chain=0.2")))),
  allowPartial: v.optional(v.boolean(), false),
  dryRun: v.optional(v.boolean(), false),
  json: v.optional(v.boolean(), false),
});
export type EvaluateOptions = v.InferOutput<typeof EvaluateSchema>;

/** Adds the flags to a command. Defaults are applied where they are used; the help names them. */
export function addEvaluateOptions(command: Command): Command {
  return command
    .optionsGroup("Source of answers:")
    .option("--model <dir>", "checkpoint directory, or with --endpoint the server's model name")
    .option("--adapter <dir>", "PEFT adapter to merge into the checkpoint")
    .option("--nats <url>", "sample the checkpoint on the workers of this NATS server, too")
    .option(
      "--nats-patience <seconds>",
      "seconds without an answer after which samples are generated here (default: 120)",
    )
    .option(
      "--endpoint <url>",
      "OpenAI-compatible server such as http://127.0.0.1:8000/v1; its key comes from OPENAI_API_KEY",
    )
    .option(
      "--completions <file>",
      "score existing answers: a journal, JSON Lines, lm-eval samples, or a batch's output",
    )
    .optionsGroup("Problems:")
    .option(
      "--benchmarks <names>",
      "comma-separated names or task files; see `benchmarks` (default: the bundled ones)",
    )
    .option("--data <dir>", "folder of the published benchmarks' files (default: data)")
    .option(
      "--columns <name=column...>",
      "the columns of the data where they have other names: text=question answer=target",
    )
    .option("--limit <n>", "only the first n problems of each benchmark")
    .option("--ids <ids>", "only these problems, comma-separated")
    .option("--shuffle <seed>", "take the problems in another order, before --limit")
    .option("--problems-seed <n>", "seed of the bundled problems (default: 1)")
    .option("--per-level <n>", "bundled problems of each level (default: 40)")
    .optionsGroup("Prompts and sampling:")
    .option(
      "--preset <name>",
      `protocol of published benchmarks: ${EVAL_PRESET_NAMES.slice(1).join(", ")} ` +
        "(default: ghpo-readme for endpoints, ghpo-paper for checkpoints, which are sampled with top_p 1)",
    )
    .option("--system <text>", 'system prompt instead of the protocol\'s; "" for none')
    .option(
      "--base",
      "treat the model as a base model: plain-text prompt, no chat template; the answer ends before the next question",
    )
    .option("--few-shot <n>", "worked examples before each question, 0 to 8 (default: 4 with --base, else 0)")
    .option("--samples <k>", "samples per problem (default: the protocol's; 1 for the bundled ones)")
    .option("--temperature <t>", "0 is greedy (default: the protocol's)")
    .option("--top-p <p>", "nucleus of the sampling distribution (default: the protocol's)")
    .option("--max-tokens <n>", "maximum number of new tokens (default: the protocol's)")
    .option("--stop <text...>", "end an answer before any of these texts")
    .option("--seed <n>", "sampling seed (default: 0)")
    .option(
      "--verifier <name>",
      `grader (default: report, or the protocol's with --preset): ${Object.keys(graders).join(", ")}`,
    )
    .optionsGroup("Endpoint requests:")
    .option("--concurrency <n>", "most requests in flight (default: 16)")
    .option("--timeout <s>", "deadline of one request in seconds (default: 600)")
    .option("--attempts <n>", "attempts per request before it counts as failed (default: 6)")
    .option("--stream", "ask the endpoint to stream")
    .option("--max-completion-tokens <n>", "as --max-tokens, sent under that name")
    .option("--reasoning-effort <level>", "sent as reasoning_effort: low, medium, high, ...")
    .option("--enable-thinking <bool>", "true or false, for chat templates that know it (Qwen3)")
    .option("--omit <keys>", `leave out of requests: ${OMITTABLE.join(", ")}`)
    .option("--extra-body <json>", 'add to requests: {"min_p": 0.05}')
    .option("--header <name:value...>", "send with requests; may be repeated")
    .option(
      "--azure-api-version <version>",
      "Azure OpenAI: --endpoint is the resource, --model the deployment",
    )
    .option("--price <in/out>", "price of a million tokens of prompts and of answers, for the result's cost")
    .option(
      "--batch-out <file>",
      "write the requests as an OpenAI batch file and stop; score its output by --completions",
    )
    .optionsGroup("Output:")
    .option("--out <file>", "write the result here, with its samples and journal next to it")
    .option("--overwrite", "replace what --out holds, even if it is the result of another evaluation")
    .option("--journal <file>", "journal to continue (default: next to --out)")
    .option("--min <benchmark=score...>", "exit 1 when a pass@1 (0 to 1) is lower; may be repeated")
    .option("--allow-partial", "exit 0 even if samples are missing")
    .option("--dry-run", "print the first prompt of each benchmark and exit")
    .option("--json", "print the result as JSON on stdout");
}

/** Checks the flags. Throws one sentence about the first fault. */
export function readEvaluateOptions(raw: unknown): EvaluateOptions {
  const options = parseFlags(EvaluateSchema, raw);
  if (options.endpoint !== undefined && options.completions !== undefined) {
    throw new TypeError("Cannot evaluate as --endpoint and --completions exclude each other");
  }
  const isCheckpoint = options.endpoint === undefined && options.completions === undefined;
  if (options.adapter !== undefined && (options.model === undefined || !isCheckpoint)) {
    throw new TypeError("Cannot evaluate as --adapter goes with --model, a checkpoint directory, alone");
  }
  if (options.maxTokens !== undefined && options.maxCompletionTokens !== undefined) {
    throw new TypeError("Cannot evaluate as --max-tokens and --max-completion-tokens exclude each other");
  }
  if (options.model === undefined && options.completions === undefined && !options.dryRun) {
    throw new TypeError(
      "Cannot evaluate as no model is given: pass --model, --endpoint with --model, or --completions",
    );
  }
  if (options.out === undefined) {
    refuse(options, ["overwrite"], "it is for --out", "pass --out, or leave it out");
  }
  if (options.batchOut !== undefined) {
    refuse(options, ["out", "journal"], "--batch-out writes nothing else", "leave it out");
  }
  if (options.completions !== undefined) {
    refuse(options, ["journal"], "--completions are scored as they are", "leave it out");
  }
  if (options.endpoint === undefined || options.batchOut !== undefined) {
    refuse(options, ["concurrency", "timeout", "attempts", "stream"], ...FOR_SERVERS);
  }
  if (isCheckpoint && options.batchOut === undefined) refuse(options, STYLE, ...FOR_SERVERS);
  if (!isCheckpoint) {
    refuse(options, ["nats"], "workers sample checkpoints", "pass --model alone, or leave it out");
  }
  if (options.nats === undefined) {
    refuse(options, ["natsPatience"], "it is for workers", "pass --nats, or leave it out");
  }
  return options;
}

/** What a batch of requests, and its answers, depend on as those to a server do. */
const STYLE = [
  "maxCompletionTokens",
  "reasoningEffort",
  "omit",
  "extraBody",
  "header",
  "azureApiVersion",
] as const;
const FOR_SERVERS = ["it is for servers", "pass --endpoint, or leave it out"] as const;

/** Throws for a flag that nothing would read. */
function refuse(
  options: EvaluateOptions,
  flags: readonly (keyof EvaluateOptions)[],
  reason: string,
  advice: string,
): void {
  const unused = flags.find((key) => options[key] !== undefined && options[key] !== false);
  if (unused === undefined) return;
  const flag = unused.replaceAll(/[A-Z]/g, "-$&").toLowerCase();
  throw new TypeError(`Cannot use --${flag} as ${reason}: ${advice}`);
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
