// `--batch-out FILE`: the requests of a run as a file for OpenAI's batch interface (vLLM's `run-batch` reads it too).
// The answers come back in a file that `--completions` reads.

import type { Task } from "#shared/tasks/task.ts";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { requestsOf } from "../run/request.ts";
import { bodyOf } from "../sources/openai_request.ts";
import type { EvaluateOptions } from "./options.ts";
import { batchIdentity, styleOf } from "./source.ts";

/** Writes the file and says what to do with it. */
export async function writeBatch(
  options: EvaluateOptions,
  path: string,
  tasks: readonly Task[],
  seed: number,
): Promise<number> {
  const { model } = options;
  if (model === undefined) {
    throw new TypeError("Cannot write a batch as it needs --model, the server's model name");
  }
  const style = styleOf(options);
  const identity = batchIdentity(model, options);
  const lines: string[] = [];
  for (const task of tasks) {
    for await (const request of requestsOf(task, identity, seed)) {
      const url = "messages" in request.prompt ? "/v1/chat/completions" : "/v1/completions";
      const { stream: _, ...body } = bodyOf(request, model, false, style);
      lines.push(JSON.stringify({ custom_id: request.key, method: "POST", url, body }) + "\n");
    }
  }
  writeFileAtomic(path, lines.join(""));
  console.error(
    `Wrote ${lines.length} requests into ${path}; when the batch is done, run the same command with ` +
      "--completions OUTPUT.jsonl instead of --batch-out",
  );
  return 0;
}
