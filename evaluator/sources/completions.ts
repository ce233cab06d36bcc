// Completions that already exist: a file with one JSON object a line. A journal of this evaluator is one; so are
// lm-evaluation-harness's sample files, the output of OpenAI's batch interface, and any file with `problem_id` (or
// `id`) and `completion` (or `text`), and `benchmark` where it mixes several. Only the places of the rows are kept
// in memory, so the file may be larger than that.

import { messageOf } from "#shared/text/format.ts";
import { closeSync, openSync, readSync } from "node:fs";
import * as v from "valibot";
import { readLines } from "#shared/io/seekable_lines.ts";
import { parse } from "#shared/schemas/parse.ts";
import type { Task } from "#shared/tasks/task.ts";
import { OffsetIndex } from "../run/offset_index.ts";
import type { SampleRequest } from "../run/request.ts";
import { recordOf, type SampleOutput, type SampleRecord } from "../run/source.ts";
import { readWhole } from "./openai_response.ts";

const RowSchema = v.object({
  type: v.optional(v.string()),
  benchmark: v.optional(v.string()),
  problem_id: v.optional(v.union([v.string(), v.number()])),
  id: v.optional(v.union([v.string(), v.number()])),
  repeat: v.optional(v.number()),
  sample: v.optional(v.number()),
  completion: v.nullish(v.string()),
  text: v.nullish(v.string()),
  reasoning: v.nullish(v.string()),
  finish_reason: v.nullish(v.string()),
  tokens: v.nullish(v.number()),
  prompt_tokens: v.nullish(v.number()),
  reasoning_tokens: v.nullish(v.number()),
  unknown_word: v.nullish(v.string()),
  /** lm-evaluation-harness: the row of the data set, its document, and the responses. */
  doc_id: v.optional(v.number()),
  doc: v.optional(v.record(v.string(), v.unknown())),
  resps: v.optional(v.array(v.union([v.string(), v.array(v.string())]))),
  /** OpenAI's batch interface. */
  custom_id: v.optional(v.string()),
  response: v.nullish(v.object({ status_code: v.optional(v.number()), body: v.unknown() })),
  error: v.nullish(v.unknown()),
});
type CompletionRow = v.InferOutput<typeof RowSchema>;

/** Answers of a file, looked up by request. */
export class Completions implements Disposable {
  readonly #name: string;
  readonly #file: number;
  readonly #rows = new OffsetIndex();
  /** Why there is no answer, by the key of the request. */
  readonly #failures = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  /** Whether the file is the output of a batch, whose answers are found by the keys of their requests. */
  readonly isBatch: boolean = false;

  /**
   * Looks the rows of the file up. Rows of the same problem without a repeat number count up in file order.
   * Throws SyntaxError with the line that has no problem or no completion.
   */
  constructor(name: string, tasks: readonly Task[]) {
    this.#name = name;
    const byQuestion = questionsOf(tasks);
    for (const { line, text, offset, bytes } of readLines(name)) {
      if (text.trim() === "") continue;
      const place = `line ${line} of ${name}`;
      const row = readRow(text, place);
      if (row.type !== undefined && row.type !== "sample") continue; // header and failures of a journal
      if (row.custom_id !== undefined) {
        this.isBatch = true;
        const failure = batchFailure(row);
        if (failure !== null) this.#failures.set(row.custom_id, failure);
        else this.#add(row.custom_id, offset, bytes, place);
        continue;
      }
      const problem = problemOf(row, byQuestion, place);
      const count = row.resps?.flat().length ?? 1;
      if (row.resps === undefined && (row.completion ?? row.text) == null) {
        throw new SyntaxError(`Cannot read ${place} as it needs problem_id and completion`);
      }
      const group = `${row.benchmark ?? ""}\n${problem}`;
      for (let i = 0; i < count; i++) {
        const repeat = row.repeat ?? row.sample ?? this.#counts.get(group) ?? 0;
        this.#counts.set(group, Math.max(repeat + 1, this.#counts.get(group) ?? 0));
        this.#add(`${group}\n${repeat}`, offset, bytes, place);
      }
    }
    this.#file = openSync(name, "r");
  }

  /** Samples that the file holds for a problem. */
  samplesOf(benchmark: string, problemId: string): number {
    return Math.max(
      this.#counts.get(`${benchmark}\n${problemId}`) ?? 0,
      this.#counts.get(`\n${problemId}`) ?? 0,
    );
  }

  /** The answer to a request, if the file has it. */
  get(request: SampleRequest): SampleRecord | undefined {
    const { key, benchmark, problem_id, repeat } = request;
    for (const id of [`${benchmark}\n${problem_id}\n${repeat}`, `\n${problem_id}\n${repeat}`, key]) {
      const place = this.#rows.get(id);
      if (place === undefined) continue;
      const buffer = new Uint8Array(place.bytes);
      for (let at = 0; at < place.bytes;) {
        const n = readSync(this.#file, buffer, at, place.bytes - at, place.offset + at);
        if (n === 0) throw new Error(`Cannot read ${this.#name} as it has become shorter`);
        at += n;
      }
      const row = readRow(new TextDecoder().decode(buffer), this.#name);
      return recordOf(request, outputOf(row, repeat));
    }
    return undefined;
  }

  /** Why a request has no answer. */
  reasonFor({ key }: SampleRequest): string {
    return this.#failures.get(key) ?? "the completions file has no such sample";
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #add(id: string, offset: number, bytes: number, place: string): void {
    if (this.#rows.add(id, { offset, bytes })) return;
    throw new SyntaxError(
      `Cannot read ${place} as it repeats the sample ${id.trim().replaceAll("\n", " / ")}`,
    );
  }
}

function readRow(line: string, place: string): CompletionRow {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new SyntaxError(`Cannot read ${place} as it is not JSON`);
  }
  return parse(RowSchema, value, place);
}

/** The problem of a row: named by its id, or for lm-evaluation-harness by the text of its question. */
function problemOf(row: CompletionRow, byQuestion: ReadonlyMap<string, string>, place: string): string {
  const id = row.problem_id ?? row.id;
  if (id !== undefined) return String(id);
  for (const value of Object.values(row.doc ?? {})) {
    const found = typeof value === "string" ? byQuestion.get(value.trim()) : undefined;
    if (found !== undefined) return found;
  }
  if (row.doc !== undefined) {
    throw new SyntaxError(
      `Cannot read ${place} as its doc (doc_id ${row.doc_id}) is none of the benchmarks' questions: name them by --benchmarks`,
    );
  }
  throw new SyntaxError(`Cannot read ${place} as it needs problem_id and completion`);
}

/** Ids by the texts under which other harnesses name a problem: its question or its id. */
function questionsOf(tasks: readonly Task[]): Map<string, string> {
  const byText = new Map<string, string>();
  for (const { problems } of tasks) {
    for (const { id, text } of problems) byText.set(text.trim(), id).set(id, id);
  }
  return byText;
}

function batchFailure({ error, response }: CompletionRow): string | null {
  const said = error ?? (response?.status_code === 200 ? null : response?.body ?? "no response");
  if (said !== null) return `the batch answers: ${JSON.stringify(said).slice(0, 200)}`;
  try {
    readWhole(JSON.stringify(response?.body));
    return null;
  } catch (cause) {
    return messageOf(cause);
  }
}

function outputOf(row: CompletionRow, repeat: number): SampleOutput {
  if (row.response != null) {
    return { ...readWhole(JSON.stringify(row.response.body)), attempts: 1, latency_ms: null };
  }
  const { finish_reason, reasoning, tokens, prompt_tokens, reasoning_tokens, unknown_word } = row;
  const responses = row.resps?.flat();
  return {
    text: responses?.[repeat] ?? row.completion ?? row.text ?? "",
    ...(reasoning ? { reasoning } : {}),
    finish_reason: finish_reason === "stop" || finish_reason === "length" ? finish_reason : null,
    tokens: tokens ?? null,
    ...(prompt_tokens == null ? {} : { prompt_tokens }),
    ...(reasoning_tokens == null ? {} : { reasoning_tokens }),
    ...(unknown_word == null ? {} : { unknown_word }),
    attempts: 1,
    latency_ms: null,
  };
}
