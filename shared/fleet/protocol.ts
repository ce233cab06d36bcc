// What learner and workers say to each other: a job is one request to sample, an answer its completions. Jobs are JSON,
// answers a line of JSON followed by the ids as u32 and the log-probs as f32. Nothing of an answer is believed before it
// is checked here.

import * as v from "valibot";
import { parse } from "#shared/schemas/parse.ts";
import type { EndOf } from "#shared/text/stop_strings.ts";
import { Tokenizer } from "#shared/text/tokenizer.ts";
import { count, name, positive, positiveCount, seed, sha256 } from "#shared/schemas/values.ts";

export const JOBS = "GHPO_JOBS";
export const ANSWERS = "GHPO_ANSWERS";
export const WEIGHTS = "ghpo_weights";
/** The consumer that all workers pull from. */
export const WORKERS = "workers";
/** `*` for `call`: all of the run's. */
export const jobSubject = (run: string, call: number | "*") => `ghpo.job.${run}.${call}`;
export const answerSubject = (run: string, call: number | "*", id: string) =>
  `ghpo.answer.${run}.${call}.${id}`;

/** Letters that a subject of NATS may hold. */
const token = v.pipe(name, v.regex(/^[\w-]+$/, "must consist of letters, digits, _ and -"));
const ids = v.array(count);

const JobSchema = v.strictObject({
  /** Also the id under which a server stores job and answer once. */
  id: token,
  run: token,
  /** The learner's question that it is a part of, by number. */
  call: count,
  /** Digest of the weights to sample from. */
  weights: sha256,
  prompt_ids: v.pipe(ids, v.minLength(1)),
  samples: positiveCount,
  /** Stream of random numbers, together with the seed. */
  key: v.tuple([count, count]),
  max_tokens: positiveCount,
  temperature: positive,
  /** Takes the most likely token; log-probs are still those at the temperature. */
  greedy: v.boolean(),
  seed,
  eos_ids: ids,
  /** Texts that end a completion, and the digest of the tokenizer that writes them; null: there are none. */
  stop: v.nullable(
    v.strictObject({ texts: v.pipe(v.array(v.string()), v.minLength(1)), tokenizer: sha256 }),
  ),
});
export type Job = v.InferOutput<typeof JobSchema>;

const HeaderSchema = v.strictObject({
  id: token,
  weights: sha256,
  worker: v.pipe(name, v.maxLength(200)),
  completions: v.array(
    v.strictObject({ tokens: positiveCount, finish_reason: v.picklist(["stop", "length"]) }),
  ),
});

/** What the files of weights are; its own digest names it. */
const ManifestSchema = v.strictObject({
  files: v.pipe(
    v.array(v.strictObject({ path: v.pipe(name, v.regex(/^[\w.-]+$/)), bytes: count, sha256 })),
    v.minLength(1),
  ),
  /** Digest of the model that these adapters belong to; null: the files are a whole model. */
  base: v.nullable(sha256),
});
export type Manifest = v.InferOutput<typeof ManifestSchema>;

export interface SampledCompletion {
  ids: Uint32Array;
  logprobs: Float32Array;
  finish_reason: "stop" | "length";
}

/** Bytes of the first line of an answer at most, for each completion and apart from them. */
const LINE_BYTES = 128;

export function readJob(bytes: Uint8Array): Job {
  return parse(JobSchema, JSON.parse(new TextDecoder().decode(bytes)), "a job");
}

export function readManifest(bytes: Uint8Array): Manifest {
  return parse(ManifestSchema, JSON.parse(new TextDecoder().decode(bytes)), "the list of weight files");
}

/** What decodes ids: the content of tokenizer.json and tokenizer_config.json. */
export function writeTokenizer({ tokenizer, config }: { tokenizer: unknown; config: unknown }): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ tokenizer, config }));
}

export function readTokenizer(bytes: Uint8Array): Tokenizer {
  const { tokenizer, config } = JSON.parse(new TextDecoder().decode(bytes));
  return new Tokenizer(tokenizer, config);
}

export function writeAnswer(job: Job, worker: string, completions: readonly SampledCompletion[]): Uint8Array {
  const header = {
    id: job.id,
    weights: job.weights,
    worker,
    completions: completions.map(({ ids, finish_reason }) => ({ tokens: ids.length, finish_reason })),
  };
  const line = new TextEncoder().encode(`${JSON.stringify(header)}\n`);
  const tokens = completions.reduce((sum, { ids }) => sum + ids.length, 0);
  const bytes = new Uint8Array(line.length + 8 * tokens);
  bytes.set(line);
  let at = line.length;
  for (const field of ["ids", "logprobs"] as const) {
    for (const completion of completions) {
      const { buffer, byteOffset, byteLength } = completion[field];
      bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
      at += byteLength;
    }
  }
  return bytes;
}

/**
 * The completions of an answer to a job.
 * @param stops where a completion is over by the job's stop texts
 * @throws Error that says what is wrong with it
 */
export function readAnswer(
  bytes: Uint8Array,
  job: Job,
  vocabulary: number,
  stops?: EndOf,
): SampledCompletion[] {
  const most = 8 * job.samples * job.max_tokens + LINE_BYTES * (job.samples + 4);
  if (bytes.length > most) throw wrong(`must have at most ${most} bytes: current size is ${bytes.length}`);
  const end = bytes.indexOf(10);
  if (end < 0) throw wrong("has no first line");
  const header = parse(
    HeaderSchema,
    JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))),
    "an answer",
  );
  if (header.id !== job.id) throw wrong(`must be to the job ${job.id}: it is to ${header.id}`);
  if (header.weights !== job.weights) throw wrong("is of other weights");
  const { completions } = header;
  if (completions.length !== job.samples) {
    throw wrong(`must have ${job.samples} completions: current number is ${completions.length}`);
  }
  const tokens = completions.reduce((sum, completion) => sum + completion.tokens, 0);
  const body = new Uint8Array(bytes.subarray(end + 1)); // a copy, as `slice` of Node's buffers is none
  if (body.length !== 8 * tokens) {
    throw wrong(`must have ${8 * tokens} bytes of tokens: current is ${body.length}`);
  }
  const allIds = new Uint32Array(body.buffer, 0, tokens);
  const allLogprobs = new Float32Array(body.buffer, 4 * tokens, tokens);
  const ends = new Set(job.eos_ids);
  let at = 0;
  return completions.map(({ tokens, finish_reason }) => {
    const ids = allIds.slice(at, at + tokens);
    const logprobs = allLogprobs.slice(at, at + tokens);
    at += tokens;
    const outside = ids.find((id) => id >= vocabulary);
    if (outside !== undefined) {
      throw wrong(`must have tokens below ${vocabulary}: current value is ${outside}`);
    }
    const odd = logprobs.find((value) => !(Number.isFinite(value) && value <= 1e-3));
    if (odd !== undefined) throw wrong(`must have log-probs from -Infinity to 0: current value is ${odd}`);
    const first = ids.findIndex((id) => ends.has(id));
    const over = Math.min(first < 0 ? Infinity : first + 1, stops?.(Array.from(ids)) ?? Infinity);
    const ended = over === tokens;
    if (tokens > job.max_tokens || over < tokens || (!ended && tokens !== job.max_tokens)) {
      const name = stops ? "an end token, a stop string" : "an end token";
      throw wrong(`must end with ${name} or after ${job.max_tokens} tokens`);
    }
    if ((finish_reason === "stop") !== ended) throw wrong(`must name why it ends: it says ${finish_reason}`);
    return { ids, logprobs, finish_reason };
  });
}

function wrong(how: string): Error {
  return new Error(`Cannot take the answer of a worker as it ${how}`);
}
