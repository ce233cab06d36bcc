// Completions that already exist: a file with one JSON object a line. A journal of this evaluator is one;
// so is any file with `problem_id` (or `id`) and `completion` (or `text`), and `benchmark` where it mixes several.

import * as v from "valibot";
import type { SampleEvent, SampleOutput, SampleRequest, Source } from "../sample.ts";

const Row = v.object({
  type: v.optional(v.string()),
  benchmark: v.optional(v.string()),
  problem_id: v.optional(v.string()),
  id: v.optional(v.union([v.string(), v.number()])),
  repeat: v.optional(v.number()),
  sample: v.optional(v.number()),
  completion: v.optional(v.string()),
  text: v.optional(v.string()),
  finish_reason: v.nullish(v.string()),
  tokens: v.nullish(v.number()),
});

export class CompletionsSource implements Source {
  readonly identity: Record<string, string>;
  readonly #outputs = new Map<string, SampleOutput>();

  /**
   * Reads the rows of `text`. Rows of the same problem without a repeat number count up in file order.
   * Throws SyntaxError with the line that has no problem or no completion.
   */
  constructor(name: string, digest: string, text: string) {
    this.identity = { source: "completions", model: name, sha256: digest };
    const counts = new Map<string, number>();
    text.split("\n").forEach((line, i) => {
      if (line.trim() === "") return;
      const row = readRow(line, `line ${i + 1} of ${name}`);
      if (row.type !== undefined && row.type !== "sample") return; // header and failures of a journal
      const problem = row.problem_id ?? (row.id === undefined ? undefined : String(row.id));
      const completion = row.completion ?? row.text;
      if (problem === undefined || completion === undefined) {
        throw new SyntaxError(`Cannot read line ${i + 1} of ${name} as it needs problem_id and completion`);
      }
      const place = `${row.benchmark ?? ""}\n${problem}`;
      const repeat = row.repeat ?? row.sample ?? counts.get(place) ?? 0;
      counts.set(place, repeat + 1);
      const key = `${place}\n${repeat}`;
      if (this.#outputs.has(key)) {
        throw new SyntaxError(
          `Cannot read line ${i + 1} of ${name} as it repeats sample ${repeat} of ${problem}`,
        );
      }
      this.#outputs.set(key, {
        text: completion,
        finish_reason: row.finish_reason === "stop" || row.finish_reason === "length"
          ? row.finish_reason
          : null,
        tokens: row.tokens ?? null,
        attempts: 1,
        latency_ms: null,
      });
    });
  }

  /** Samples that the file holds for a problem. */
  samplesOf(benchmark: string, problemId: string): number {
    let n = 0;
    while (this.#find(benchmark, problemId, n)) n++;
    return n;
  }

  async *complete(requests: readonly SampleRequest[]): AsyncIterable<SampleEvent[]> {
    yield requests.map((request): SampleEvent => {
      const output = this.#find(request.benchmark, request.problem_id, request.repeat);
      if (output) return { request, output };
      return { request, failure: "the completions file has no such sample" };
    });
  }

  #find(benchmark: string, problemId: string, repeat: number): SampleOutput | undefined {
    return this.#outputs.get(`${benchmark}\n${problemId}\n${repeat}`) ??
      this.#outputs.get(`\n${problemId}\n${repeat}`);
  }
}

function readRow(line: string, place: string): v.InferOutput<typeof Row> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new SyntaxError(`Cannot read ${place} as it is not JSON`);
  }
  const result = v.safeParse(Row, value);
  if (!result.success) throw new SyntaxError(`Cannot read ${place} as ${result.issues[0].message}`);
  return result.output;
}
