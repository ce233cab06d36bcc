// Reading a completion from an endpoint's body, whole or streamed. null means that the body ended early:
// a stream counts as complete only once it has named a finish reason or sent its closing mark.

import * as v from "valibot";
import type { SampleOutput } from "../sample.ts";

const Choice = v.object({
  message: v.optional(v.object({ content: v.nullish(v.string()) })),
  delta: v.optional(v.object({ content: v.nullish(v.string()) })),
  text: v.nullish(v.string()),
  finish_reason: v.nullish(v.string()),
});
const Body = v.object({
  choices: v.array(Choice),
  usage: v.nullish(v.object({ completion_tokens: v.optional(v.number()) })),
});

/** Bodies beyond this many characters are refused: a completion of a million tokens is a fault. */
const MAX_CHARACTERS = 8_000_000;

type Completion = Omit<SampleOutput, "attempts" | "latency_ms">;

/** Reads the completion, or returns null if the body is cut off or not what the protocol says. */
export async function readCompletion(
  response: Response,
  stream: boolean,
  chat: boolean,
): Promise<Completion | null> {
  return stream ? await readStream(response) : readWhole(await limitedText(response), chat);
}

function readWhole(text: string, chat: boolean): Completion | null {
  const body = parseBody(text);
  const choice = body?.choices[0];
  if (!body || !choice) return null;
  const content = chat ? choice.message?.content : choice.text;
  if (content === undefined || (content === null && choice.finish_reason == null)) return null;
  return {
    text: content ?? "",
    finish_reason: finishReason(choice.finish_reason),
    tokens: body.usage?.completion_tokens ?? null,
  };
}

async function readStream(response: Response): Promise<Completion | null> {
  let text = "";
  let reason: string | null = null;
  let tokens: number | null = null;
  let closed = false;
  for (const line of (await limitedText(response)).split(/\r?\n/)) {
    if (!line.startsWith("data:")) continue;
    const data = line.slice(5).trim();
    if (data === "[DONE]") {
      closed = true;
      break;
    }
    const body = parseBody(data);
    if (!body) return null;
    const choice = body.choices[0];
    text += choice?.delta?.content ?? choice?.text ?? "";
    reason = choice?.finish_reason ?? reason;
    tokens = body.usage?.completion_tokens ?? tokens;
  }
  return closed || reason !== null ? { text, finish_reason: finishReason(reason), tokens } : null;
}

async function limitedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_CHARACTERS) {
      throw new RangeError("the response is longer than 8 million characters");
    }
  }
  return text + decoder.decode();
}

function parseBody(text: string): v.InferOutput<typeof Body> | null {
  try {
    const result = v.safeParse(Body, JSON.parse(text));
    return result.success ? result.output : null;
  } catch {
    return null;
  }
}

function finishReason(reason: string | null | undefined): SampleOutput["finish_reason"] {
  return reason === "stop" || reason === "length" ? reason : null;
}
