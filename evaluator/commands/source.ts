// Opens the source of completions that the flags name.

import { readText } from "#shared/io/files.ts";
import type { EvaluationResult } from "#shared/schemas/evaluation.ts";
import { sha256, type Source } from "../sample.ts";
import { CheckpointSource } from "../sources/checkpoint.ts";
import { CompletionsSource } from "../sources/completions.ts";
import { OpenAiSource } from "../sources/openai.ts";
import type { Task } from "../task.ts";
import type { EvaluateOptions } from "./options.ts";

/** A source with what the result says about it. */
export interface OpenedSource {
  source: Source;
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
  if (options.completions !== undefined) {
    const text = readText(options.completions);
    const digest = await sha256(text);
    const source = new CompletionsSource(options.completions, digest, text);
    for (const task of tasks) {
      if (options.samples !== undefined) continue;
      const counts = task.problems.map((problem) => source.samplesOf(task.name, problem.id));
      task.samples = Math.max(1, ...counts);
    }
    const model = options.model ?? options.completions;
    return { source, kind: "completions", model, digest, engine: null, close: () => {} };
  }
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
    });
    return { source, kind: "openai", model, digest: null, engine: null, close: () => {} };
  }
  // Imported late: scoring a file needs no WebGPU.
  const { openCheckpoint } = await import("../engine.ts");
  const local = await openCheckpoint(model, { adapter: options.adapter });
  if (local.notice) console.error(local.notice);
  return {
    source: new CheckpointSource(local, seed),
    kind: "checkpoint",
    model,
    digest: local.digest,
    engine: local.engine,
    close: () => local.close(),
  };
}
