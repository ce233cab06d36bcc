// Reading a completion from an endpoint's body, whole or streamed, by what the body is and not by what was asked for.
// A stream counts as complete only once it has named a finish reason or sent its closing mark. Whatever cannot be
// used is a RequestFailure with the server's own words.

import * as v from "valibot";
import type { SampleOutput } from "../run/source.ts";
import { failureInBody, RequestFailure, saidBy } from "./openai_failure.ts";

/** Text, or a list of parts of which some hold reasoning (Mistral, gateways to Anthropic). */
const Content = v.nullish(v.union([v.string(), v.array(v.unknown())]));
const Message = v.object({
  content: Content,
  reasoning_content: v.nullish(v.string()),
  reasoning: v.nullish(v.string()),
  refusal: v.nullish(v.string()),
  tool_calls: v.nullish(v.array(v.unknown())),
});
const Choice = v.object({
  index: v.nullish(v.number()),
  message: v.nullish(Message),
  delta: v.nullish(Message),
  text: v.nullish(v.string()),
  finish_reason: v.nullish(v.string()),
});
const Body = v.object({
  choices: v.array(Choice),
  usage: v.nullish(v.object({
    completion_tokens: v.nullish(v.number()),
    prompt_tokens: v.nullish(v.number()),
    completion_tokens_details: v.nullish(v.object({ reasoning_tokens: v.nullish(v.number()) })),
  })),
});
type Body = v.InferOutput<typeof Body>;

/** Bodies beyond this many characters are refused: a completion of a million tokens is a fault. */
const MAX_CHARACTERS = 16_000_000;

type Completion = Omit<SampleOutput, "attempts" | "latency_ms">;

/** Reads the completion. Throws a RequestFailure that says what came instead. */
export async function readCompletion(response: Response): Promise<Completion> {
  const text = await limitedText(response);
  return /^\s*(?:data|event|id|retry)?:/.test(text) ? readStream(text) : readWhole(text);
}

/** A completion from the text of a whole JSON body. */
export function readWhole(text: string): Completion {
  const body = bodyOf(parseJson(text));
  const choice = chosen(body);
  const { message = choice.delta } = choice;
  const parts = partsOf(message?.content ?? choice.text);
  return completionOf({
    text: parts.text,
    reasoning: message?.reasoning_content || message?.reasoning || parts.reasoning,
    refusal: message?.refusal ?? "",
    toolCalls: (message?.tool_calls?.length ?? 0) > 0,
    reason: choice.finish_reason ?? null,
    said: message != null || choice.text != null,
    usage: body.usage,
  });
}

function readStream(text: string): Completion {
  const sum = {
    text: "",
    reasoning: "",
    refusal: "",
    toolCalls: false,
    reason: null as string | null,
    said: false,
  };
  let usage: Body["usage"];
  let closed = false;
  for (const data of eventsOf(text)) {
    if (data === "[DONE]") {
      closed = true;
      break;
    }
    const body = bodyOf(parseJson(data));
    usage = body.usage ?? usage;
    const choice = body.choices.find(({ index }) => (index ?? 0) === 0);
    if (choice === undefined) continue; // an event with the usage alone, or of another choice
    const delta = choice.delta ?? (sum.said ? null : choice.message);
    const parts = partsOf(delta?.content ?? choice.text);
    sum.text += parts.text;
    sum.reasoning += delta?.reasoning_content || delta?.reasoning || parts.reasoning;
    sum.refusal += delta?.refusal ?? "";
    sum.toolCalls ||= (delta?.tool_calls?.length ?? 0) > 0;
    sum.said ||= delta != null || choice.text != null;
    sum.reason = choice.finish_reason ?? sum.reason;
  }
  if (!closed && sum.reason === null) {
    throw new RequestFailure("broken", "the response ended before the completion did");
  }
  return completionOf({ ...sum, usage });
}

/** The data of each event. Several data lines of one event are one text (HTML standard), unless each is JSON itself. */
function* eventsOf(text: string): Generator<string> {
  for (const block of text.split(/(?:\r\n|\r|\n){2,}/)) {
    const lines = block.split(/\r\n|\r|\n/).filter((line) => line.startsWith("data:")).map((line) =>
      line.slice(5).replace(/^ /, "")
    );
    if (lines.length > 1 && !isJson(lines.join("\n"))) yield* lines.map((line) => line.trim());
    else if (lines.length > 0) yield lines.join("\n").trim();
  }
}

interface Parts {
  text: string;
  reasoning: string;
  refusal: string;
  toolCalls: boolean;
  reason: string | null;
  /** Whether there was a message at all, an empty one included. */
  said: boolean;
  usage: Body["usage"];
}

function completionOf({ text, reasoning, refusal, toolCalls, reason, said, usage }: Parts): Completion {
  const why = reason?.toLowerCase() ?? null;
  if (why === "content_filter" || why === "safety") {
    throw new RequestFailure("refused", `the server withheld the answer (finish_reason ${reason})`);
  }
  if (why === "error" || why === "abort" || why === "cancelled") {
    throw new RequestFailure("broken", `the server gave the answer up (finish_reason ${reason})`);
  }
  const answer = text === "" ? refusal : text;
  if (answer === "" && toolCalls) {
    throw new RequestFailure("refused", "the answer came as tool calls: switch the server's tool parser off");
  }
  if (!said && reason === null) {
    throw new RequestFailure("broken", "the response has a choice without a message");
  }
  const details = usage?.completion_tokens_details?.reasoning_tokens;
  return {
    text: answer,
    ...(reasoning === "" ? {} : { reasoning }),
    finish_reason: finishReason(why),
    tokens: usage?.completion_tokens ?? null,
    ...(usage?.prompt_tokens == null ? {} : { prompt_tokens: usage.prompt_tokens }),
    ...(details == null ? {} : { reasoning_tokens: details }),
  };
}

/** The first choice by its index: servers may send them in any order. */
function chosen({ choices }: Body): v.InferOutput<typeof Choice> {
  const first = choices.find(({ index }) => (index ?? 0) === 0) ?? choices[0];
  if (first) return first;
  throw new RequestFailure("broken", "the response has no choices");
}

function partsOf(content: v.InferOutput<typeof Content>): { text: string; reasoning: string } {
  if (typeof content === "string" || content == null) return { text: content ?? "", reasoning: "" };
  let text = "";
  let reasoning = "";
  for (const part of content) {
    if (typeof part === "string") text += part;
    if (typeof part !== "object" || part === null) continue;
    const { type = "text", text: own, thinking } = part as Record<string, unknown>;
    if (type === "text" || type === "output_text") text += typeof own === "string" ? own : "";
    else if (type === "thinking" || type === "reasoning") {
      const inner = typeof thinking === "string" || Array.isArray(thinking) ? partsOf(thinking).text : own;
      reasoning += typeof inner === "string" ? inner : "";
    } else {throw new RequestFailure(
        "broken",
        `the answer has a part of the unknown type ${JSON.stringify(type)}`,
      );}
  }
  return { text, reasoning };
}

function bodyOf(value: unknown): Body {
  const failure = failureInBody(value);
  if (failure) throw failure;
  const result = v.safeParse(Body, value);
  if (result.success) return result.output;
  const path = result.issues[0].path?.map((item) => String(item.key)).join(".") ?? "";
  throw new RequestFailure(
    "broken",
    `the response is no completion${path === "" ? "" : ` (its ${path} does not fit)`}: ${
      saidBy(JSON.stringify(value))
    }`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (text.trim() === "") throw new RequestFailure("broken", "the response has no body");
    if (/^\s*[{[]/.test(text)) {
      throw new RequestFailure("broken", "the response ended before the completion did");
    }
    throw new RequestFailure("broken", `the response is not JSON but ${saidBy(text)}`);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function limitedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_CHARACTERS) {
      throw new RequestFailure("refused", "the response is longer than 16 million characters");
    }
  }
  return text + decoder.decode();
}

function finishReason(reason: string | null): SampleOutput["finish_reason"] {
  if (reason === null) return null;
  if (/^(?:stop|eos|eos_token|stop_sequence|end_turn|end)$/.test(reason)) return "stop";
  return /^(?:length|max_tokens|max_length|max_output_tokens|model_length)$/.test(reason) ? "length" : null;
}
