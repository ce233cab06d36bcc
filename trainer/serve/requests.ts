// What the server takes: OpenAI's chat and text completions. Settings that would change an answer and are not honoured
// are refused by name.

import * as v from "valibot";
import { count, positiveCount, seed } from "#shared/schemas/values.ts";
import type { Prompt } from "../library/open_model.ts";

const stop = v.pipe(
  v.union([v.string(), v.array(v.string())]),
  v.transform((value) => typeof value === "string" ? [value] : value),
  v.array(v.pipe(v.string(), v.nonEmpty("must not be empty"))),
);
/** Only the value that changes nothing. */
const only = <const T extends number>(value: T) =>
  v.nullish(v.literal(value, `must be ${value}: nothing else is honoured`));

const common = {
  model: v.optional(v.string()),
  n: v.nullish(v.pipe(positiveCount, v.maxValue(256)), 1),
  temperature: v.nullish(v.pipe(v.number(), v.minValue(0), v.maxValue(5)), 1),
  stop: v.nullish(stop, []),
  seed: v.nullish(seed),
  stream: v.nullish(v.boolean(), false),
  stream_options: v.nullish(v.object({ include_usage: v.nullish(v.boolean(), false) })),
  user: v.optional(v.string()),
  top_p: only(1),
  top_k: only(-1),
  presence_penalty: only(0),
  frequency_penalty: only(0),
};
const text = v.union([
  v.string(),
  v.pipe(
    v.array(v.object({ type: v.literal("text"), text: v.string() })),
    v.transform((parts) => parts.map((part) => part.text).join("")),
  ),
]);

export const ChatSchema = v.strictObject({
  ...common,
  messages: v.pipe(
    v.array(v.object({ role: v.picklist(["system", "user", "assistant"]), content: text })),
    v.nonEmpty("must not be empty"),
  ),
  max_tokens: v.nullish(positiveCount),
  max_completion_tokens: v.nullish(positiveCount),
  logprobs: v.nullish(v.boolean(), false),
  top_logprobs: only(0),
});

export const TextSchema = v.strictObject({
  ...common,
  prompt: v.string(),
  max_tokens: v.nullish(positiveCount, 16),
  echo: v.nullish(v.literal(false)),
  best_of: v.nullish(v.literal(1)),
  logprobs: v.nullish(v.pipe(count, v.maxValue(1, "must be 0 or 1: other tokens' log-probs are not kept"))),
});

/** A request of either kind. */
export interface Wanted {
  kind: "chat" | "text";
  prompt: Prompt;
  n: number;
  /** Null: as many as the context has room for. */
  max_tokens: number | null;
  temperature: number;
  seed: number;
  stop: readonly string[];
  stream: boolean;
  usage: boolean;
  logprobs: boolean;
}

export function wantedOfChat(body: v.InferOutput<typeof ChatSchema>): Wanted {
  const max_tokens = body.max_completion_tokens ?? body.max_tokens ?? null;
  return { ...shared(body), kind: "chat", prompt: body.messages, max_tokens, logprobs: body.logprobs };
}

export function wantedOfText(body: v.InferOutput<typeof TextSchema>): Wanted {
  const logprobs = body.logprobs !== null && body.logprobs !== undefined;
  return {
    ...shared(body),
    kind: "text",
    prompt: { text: body.prompt },
    max_tokens: body.max_tokens,
    logprobs,
  };
}

function shared(body: v.InferOutput<typeof ChatSchema> | v.InferOutput<typeof TextSchema>) {
  const { n, temperature, stop, stream, stream_options } = body;
  // Without a seed two equal requests get different answers, as with every such server.
  const seed = body.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!;
  return { n, temperature, stop, stream, seed, usage: stream_options?.include_usage ?? false };
}
