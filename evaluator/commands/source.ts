// Opens the source of completions that the flags name.

import { samplingNotice } from "#shared/engine/model/sampling_notice.ts";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { fileEntry } from "#shared/io/hash.ts";
import type { EvaluationResult } from "#shared/schemas/evaluation.ts";
import type { Task } from "#shared/tasks/task.ts";
import type { CompletionSource } from "../run/source.ts";
import { CheckpointSource } from "../sources/checkpoint.ts";
import { Completions } from "../sources/completions.ts";
import { OpenAiSource } from "../sources/openai.ts";
import { identityOf } from "../sources/openai_request.ts";
import type { RequestStyle } from "../sources/request_style.ts";
import type { EvaluateOptions } from "./options.ts";

/** Seconds without an answer of a worker. */
const NATS_PATIENCE_S = 120;

/** What answers, with what the result says about it: a source to ask, or answers that are already there. */
export interface OpenedSource {
  answers: { source: CompletionSource } | { completions: Completions };
  identity: Record<string, string>;
  kind: EvaluationResult["source"];
  model: string;
  digest: string | null;
  engine: EvaluationResult["run"]["engine"];
  close(): void;
}

/** Opens the source; a completions file also sets how many samples each task has, unless a flag does. */
export async function openSource(
  options: EvaluateOptions,
  tasks: Task[],
  seed: number,
): Promise<OpenedSource> {
  if (options.completions !== undefined) return openCompletions(options, options.completions, tasks);
  const model = options.model as string;
  if (options.endpoint !== undefined) {
    const source = new OpenAiSource({
      endpoint: options.endpoint.replace(/\/+$/, ""),
      model,
      apiKey: Deno.env.get("OPENAI_API_KEY"),
      concurrency: options.concurrency ?? 16,
      timeoutMs: (options.timeout ?? 600) * 1000,
      attempts: options.attempts ?? 6,
      stream: options.stream,
      ...styleOf(options),
    });
    const { identity } = source;
    return {
      answers: { source },
      identity,
      kind: "openai",
      model,
      digest: null,
      engine: null,
      close: () => {},
    };
  }
  if (!existsSync(model) && /^[\w.-]+(?:\/[\w.-]+)?$/.test(model)) {
    throw new Error(
      `Cannot read ${model} as it does not exist: --model is a checkpoint directory, or with --endpoint a server's model`,
    );
  }
  for (const { sampling } of tasks) {
    if (sampling.top_p === 1 || sampling.temperature === 0) continue;
    throw new RangeError(
      `Cannot sample from a checkpoint as top_p must be 1: current value is ${sampling.top_p}; ` +
        "pass --top-p 1, or --preset ghpo-paper",
    );
  }
  // Imported late: scoring a file needs no WebGPU.
  const { openLocalModel } = await import("../sources/local_model.ts");
  const { openFleet } = await import("../sources/fleet_model.ts");
  const local = await openLocalModel(model, {
    adapter: options.adapter,
    enableThinking: options.enableThinking,
  });
  const notice = samplingNotice(local.directory);
  if (notice) console.error(notice);
  const most = Math.max(...tasks.map(({ sampling }) => sampling.max_tokens));
  if (most >= local.context.tokens) {
    console.error(
      `note: answers end at the model's ${local.context.name} of ${local.context.tokens} tokens, prompt included`,
    );
  }
  const fleet = options.nats === undefined ? null : await openFleet(local, {
    url: options.nats,
    patience: options.natsPatience ?? NATS_PATIENCE_S,
    adapter: options.adapter,
  });
  const source = new CheckpointSource(fleet ?? local, seed);
  return {
    answers: { source },
    identity: source.identity,
    kind: "checkpoint",
    model,
    digest: local.digest,
    engine: local.engine,
    close: () => {
      void fleet?.close();
      local.close();
    },
  };
}

function openCompletions(options: EvaluateOptions, path: string, tasks: Task[]): OpenedSource {
  const completions = new Completions(path, tasks);
  const { sha256: digest } = fileEntry(dirname(path), path.slice(path.lastIndexOf("/") + 1));
  for (const task of tasks) {
    if (options.samples !== undefined || completions.isBatch) continue;
    task.samples = task.problems.reduce(
      (most, { id }) => Math.max(most, completions.samplesOf(task.name, id)),
      1,
    );
  }
  const model = options.model ?? path;
  return {
    answers: { completions },
    identity: completions.isBatch
      ? batchIdentity(model, options)
      : { source: "completions", model: path, sha256: digest },
    kind: "completions",
    model,
    digest,
    engine: null,
    close: () => completions[Symbol.dispose](),
  };
}

/** The identity under which a batch's requests are made and its answers are found again. */
export function batchIdentity(model: string, options: EvaluateOptions): Record<string, string> {
  return { source: "openai batch", model, ...identityOf(styleOf(options)) };
}

/** How requests are sent, by the flags. */
export function styleOf(options: EvaluateOptions): RequestStyle {
  const { reasoningEffort, enableThinking, extraBody = {} } = options;
  return {
    omit: options.omit ?? [],
    extraBody: {
      ...(reasoningEffort === undefined ? {} : { reasoning_effort: reasoningEffort }),
      ...(enableThinking === undefined ? {} : { chat_template_kwargs: { enable_thinking: enableThinking } }),
      ...extraBody,
    },
    headers: options.header ?? {},
    maxCompletionTokens: options.maxCompletionTokens !== undefined,
    ...(options.azureApiVersion === undefined ? {} : { azureApiVersion: options.azureApiVersion }),
  };
}
