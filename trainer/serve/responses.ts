// Answers in the shapes of OpenAI's API: whole, and as server-sent events.

import { messageOf } from "#shared/text/format.ts";
import type { Answered, Choice } from "./answering.ts";
import type { Wanted } from "./requests.ts";

interface Facts {
  id: string;
  model: string;
}

export function usageOf({ choices, prompt_tokens }: Answered) {
  const completion_tokens = choices.reduce((sum, { generated }) => sum + generated, 0);
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}

export function wholeAnswer(wanted: Wanted, facts: Facts, choices: readonly Choice[]) {
  const { kind, logprobs } = wanted;
  return {
    ...head(wanted, facts),
    choices: choices.map(({ index, text, finish_reason, tokens }) => ({
      index,
      ...(kind === "chat" ? { message: { role: "assistant", content: text } } : { text }),
      finish_reason,
      logprobs: !logprobs ? null : kind === "chat" ? chatLogprobs(tokens) : textLogprobs(tokens),
    })),
  };
}

function head({ kind, stream }: Wanted, { id, model }: Facts) {
  const object = kind === "text" ? "text_completion" : stream ? "chat.completion.chunk" : "chat.completion";
  return { id, object, created: Math.floor(Date.now() / 1000), model };
}

function chatLogprobs(tokens: Choice["tokens"]) {
  const content = tokens.map(({ text, logprob }) => ({
    token: text,
    logprob,
    bytes: [...new TextEncoder().encode(text)],
    top_logprobs: [],
  }));
  return { content, refusal: null };
}

function textLogprobs(tokens: Choice["tokens"]) {
  let offset = 0;
  const text_offset = tokens.map(({ text }) => (offset += text.length) - text.length);
  return {
    tokens: tokens.map(({ text }) => text),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: null,
    text_offset,
  };
}

type Run = (signal: AbortSignal, onText: (index: number, text: string) => void) => Promise<Answered>;

/** The answer as events while it grows. A caller that leaves ends it. */
export function streamed(wanted: Wanted, facts: Facts, signal: AbortSignal, run: Run): Response {
  const encoder = new TextEncoder();
  const left = new AbortController();
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const send = (value: unknown) => {
        if (left.signal.aborted) return;
        const text = typeof value === "string" ? value : JSON.stringify(value);
        controller.enqueue(encoder.encode(`data: ${text}\n\n`));
      };
      const choice = (index: number, part: object, finish_reason: string | null, logprobs: unknown = null) =>
        send({ ...head(wanted, facts), choices: [{ index, ...part, finish_reason, logprobs }] });
      const isChat = wanted.kind === "chat";
      try {
        if (isChat) {
          for (let i = 0; i < wanted.n; i++) choice(i, { delta: { role: "assistant", content: "" } }, null);
        }
        const answered = await run(
          AbortSignal.any([signal, left.signal]),
          (index, text) => choice(index, isChat ? { delta: { content: text } } : { text }, null),
        );
        for (const { index, finish_reason, tokens } of answered.choices) {
          const logprobs = !wanted.logprobs ? null : isChat ? chatLogprobs(tokens) : textLogprobs(tokens);
          choice(index, isChat ? { delta: {} } : { text: "" }, finish_reason, logprobs);
        }
        if (wanted.usage) send({ ...head(wanted, facts), choices: [], usage: usageOf(answered) });
        send("[DONE]");
      } catch (error) {
        send({
          error: { message: messageOf(error), type: "server_error" },
        });
      }
      if (!left.signal.aborted) controller.close();
    },
    cancel: () => left.abort(),
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}
