// Forty ways in which endpoints that call themselves OpenAI-compatible answer otherwise than the specification says.
// Each was seen in a server, a gateway or a proxy. `harmless` ones carry the whole answer, so it must be read from them;
// the others do not, so the request must be sent again; `refused` ones will never carry it.

/** What a quirk makes of an answer. */
export interface Quirk {
  name: string;
  kind: "harmless" | "again" | "refused";
  /** The response that carries `text` in this server's way, or fails in it. */
  respond(text: string, body: { stream?: boolean }): Response | Promise<Response>;
  /** What the failure must say to whoever reads it, where nothing else is ever answered. */
  says?: RegExp;
}

const json = (value: unknown, init: ResponseInit = {}): Response => Response.json(value, init);
const raw = (text: string, type = "application/json", status = 200): Response =>
  new Response(text, { status, headers: { "content-type": type } });
const events = (...lines: string[]): Response => raw(lines.join(""), "text/event-stream");
const data = (value: unknown): string =>
  `data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`;
const whole = (message: object, reason: string | null = "stop", more: object = {}) => ({
  choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: reason }],
  ...more,
});
const delta = (content: string | null, reason: string | null = null, index = 0) => ({
  choices: [{ index, delta: content === null ? {} : { content }, finish_reason: reason }],
});
const halves = (
  text: string,
): [string, string] => [text.slice(0, text.length >> 1), text.slice(text.length >> 1)];

export const quirks: readonly Quirk[] = [
  // Whole answers in other clothes.
  {
    name: "content as a list of parts",
    kind: "harmless",
    respond: (text) => json(whole({ content: halves(text).map((part) => ({ type: "text", text: part })) })),
  },
  {
    name: "reasoning as a part of the content",
    kind: "harmless",
    respond: (text) =>
      json(
        whole({
          content: [{ type: "thinking", thinking: [{ type: "text", text: "so #### 0" }] }, {
            type: "text",
            text,
          }],
        }),
      ),
  },
  {
    name: "reasoning_content beside the content",
    kind: "harmless",
    respond: (text) => json(whole({ reasoning_content: "maybe #### 0", content: text })),
  },
  {
    name: "reasoning beside the content",
    kind: "harmless",
    respond: (text) => json(whole({ reasoning: "maybe #### 0", content: text })),
  },
  {
    name: "the answer in reasoning_content, content null",
    kind: "harmless",
    respond: (text) => json(whole({ reasoning_content: text, content: null })),
  },
  {
    name: "the answer in reasoning, content empty",
    kind: "harmless",
    respond: (text) => json(whole({ reasoning: text, content: "" })),
  },
  {
    name: "choices out of order",
    kind: "harmless",
    respond: (text) =>
      json({
        choices: [{ index: 1, message: { content: "#### 0" }, finish_reason: "stop" }, {
          index: 0,
          message: { content: text },
          finish_reason: "stop",
        }],
      }),
  },
  {
    name: "no index, no usage, no finish reason",
    kind: "harmless",
    respond: (text) => json({ choices: [{ message: { content: text } }] }),
  },
  {
    name: "error: null beside the choices",
    kind: "harmless",
    respond: (text) =>
      json(
        whole({ content: text, refusal: null, tool_calls: [], function_call: null }, "stop", { error: null }),
      ),
  },
  {
    name: "usage: null and unknown keys",
    kind: "harmless",
    respond: (text) =>
      json(
        whole({ content: text, audio: null, annotations: [] }, "stop", {
          usage: null,
          system_fingerprint: null,
          x: 1,
        }),
      ),
  },
  {
    name: "finish reasons of other servers",
    kind: "harmless",
    respond: (text) => json(whole({ content: text }, "eos_token")),
  },
  {
    name: "finish reason end_turn",
    kind: "harmless",
    respond: (text) => json(whole({ content: text }, "end_turn")),
  },
  {
    name: "an answer of /completions",
    kind: "harmless",
    respond: (text) => json({ choices: [{ index: 0, text, finish_reason: "stop" }] }),
  },
  {
    name: "a delta in a whole answer",
    kind: "harmless",
    respond: (text) => json({ choices: [{ index: 0, delta: { content: text }, finish_reason: "stop" }] }),
  },
  {
    name: "JSON called text/plain, with a byte order mark",
    kind: "harmless",
    respond: (text) => raw("\uFEFF" + JSON.stringify(whole({ content: text })), "text/plain"),
  },
  {
    name: "blank lines kept alive before the JSON",
    kind: "harmless",
    respond: (text) => raw("\n \n\n" + JSON.stringify(whole({ content: text }))),
  },
  {
    name: "a stream that nobody asked for, or none where one was",
    kind: "harmless",
    respond: (text, { stream }) =>
      stream
        ? json(whole({ content: text }))
        : events(data(delta(text)), data(delta(null, "stop")), data("[DONE]")),
  },
  {
    name: "a stream called application/json",
    kind: "harmless",
    respond: (text) => raw(data(delta(text)) + data(delta("", "stop")) + data("[DONE]"), "application/json"),
  },
  {
    name: "a stream with comments and retry lines",
    kind: "harmless",
    respond: (text) =>
      events(
        ": OPENROUTER PROCESSING\n\n",
        "retry: 1000\n\n",
        ...halves(text).map((part) => data(delta(part))),
        ": ping\n\n",
        data(delta(null, "stop")),
        data("[DONE]"),
      ),
  },
  {
    name: "a stream with CRLF",
    kind: "harmless",
    respond: (text) =>
      events(
        ...halves(text).map((part) => data(delta(part)).replaceAll("\n", "\r\n")),
        "data: [DONE]\r\n\r\n",
      ),
  },
  {
    name: "a stream without spaces behind data:",
    kind: "harmless",
    respond: (text) =>
      events(
        `data:${JSON.stringify(delta(text))}\n\ndata:${
          JSON.stringify(delta(null, "stop"))
        }\n\ndata:[DONE]\n\n`,
      ),
  },
  {
    name: "a stream with single line breaks",
    kind: "harmless",
    respond: (text) =>
      events(
        ...halves(text).map((part) => `data: ${JSON.stringify(delta(part))}\n`),
        `data: ${JSON.stringify(delta(null, "stop"))}\n`,
        "data: [DONE]\n",
      ),
  },
  {
    name: "an event whose JSON has several lines",
    kind: "harmless",
    respond: (text) =>
      events(
        JSON.stringify(delta(text, "stop"), null, 1).split("\n").map((line) => `data: ${line}\n`).join("") +
          "\n",
        data("[DONE]"),
      ),
  },
  {
    name: "a stream without [DONE]",
    kind: "harmless",
    respond: (text) =>
      events(
        data(delta(text)),
        data(delta(null, "stop")),
        data({ choices: [], usage: { completion_tokens: 3, prompt_tokens: 9 } }),
      ),
  },
  {
    name: "a stream without a finish reason",
    kind: "harmless",
    respond: (text) => events(data(delta(text)), data("[DONE]")),
  },
  {
    name: "a stream of two choices",
    kind: "harmless",
    respond: (text) =>
      events(
        data(delta("#### 0", null, 1)),
        ...halves(text).flatMap((part) => [data(delta(part)), data(delta("#### 0", null, 1))]),
        data(delta(null, "stop")),
        data("[DONE]"),
      ),
  },
  {
    name: "a stream with reasoning first",
    kind: "harmless",
    respond: (text) =>
      events(
        data({ choices: [{ delta: { reasoning_content: "#### 0" } }] }),
        data(delta(text, "stop")),
        data("[DONE]"),
      ),
  },
  {
    name: "a stream whose last event repeats the whole message",
    kind: "harmless",
    respond: (text) =>
      events(
        ...halves(text).map((part) => data(delta(part))),
        data(whole({ content: text })),
        data("[DONE]"),
      ),
  },
  // Not the answer: another attempt.
  {
    name: "an error with 200",
    kind: "again",
    says: /the endpoint answers with an error: CUDA out of memory/,
    respond: () => json({ error: { message: "CUDA out of memory", type: "server_error" } }),
  },
  {
    name: "an error as a text with 200",
    kind: "again",
    says: /an error: upstream connect error/,
    respond: () => json({ error: "upstream connect error" }),
  },
  {
    name: "an error event in a stream",
    kind: "again",
    says: /an error: engine died/,
    respond: (text) =>
      events(
        data(delta(halves(text)[0])),
        "event: error\n" + data({ error: { message: "engine died", code: 500 } }),
      ),
  },
  {
    name: "a web page",
    kind: "again",
    says: /not JSON but a web page, "nginx: hello"/,
    respond: () => raw("<!doctype html><title>nginx: hello</title><h1>hi</h1>", "text/html"),
  },
  {
    name: "no choices",
    kind: "again",
    says: /the response has no choices/,
    respond: () => json({ id: "x", object: "chat.completion", choices: [] }),
  },
  {
    name: "another API's answer",
    kind: "again",
    says: /the response is no completion \(its choices does not fit\): .*"response":"hi"/,
    respond: () => json({ model: "m", response: "hi", done: true }),
  },
  { name: "an empty body", kind: "again", says: /the response has no body/, respond: () => raw("") },
  {
    name: "a body that is cut",
    kind: "again",
    says: /ended before the completion did/,
    respond: (text) => raw(JSON.stringify(whole({ content: text })).slice(0, -20)),
  },
  {
    name: "a stream that is cut",
    kind: "again",
    says: /ended before the completion did/,
    respond: (text) => events(data(delta(halves(text)[0]))),
  },
  {
    name: "finish reason error",
    kind: "again",
    says: /the server gave the answer up \(finish_reason error\)/,
    respond: (text) => json(whole({ content: halves(text)[0] }, "error")),
  },
  {
    name: "finish reason abort",
    kind: "again",
    says: /the server gave the answer up \(finish_reason abort\)/,
    respond: (text) => json(whole({ content: halves(text)[0] }, "abort")),
  },
  {
    name: "busy with 429 and 503",
    kind: "again",
    respond: () =>
      raw('{"error":{"message":"Rate limit reached"}}', "application/json", Math.random() < 0.5 ? 429 : 503),
  },
  {
    name: "gateway errors",
    kind: "again",
    says: /the endpoint answers 502: a web page, "502 Bad Gateway"/,
    respond: () => raw("<html><title>502 Bad Gateway</title></html>", "text/html", 502),
  },
  // Never the answer.
  {
    name: "an answer that a filter withholds",
    kind: "refused",
    says: /the server withheld the answer \(finish_reason content_filter\)/,
    respond: () => json(whole({ content: "" }, "content_filter")),
  },
  {
    name: "tool calls",
    kind: "refused",
    says: /came as tool calls: switch the server's tool parser off/,
    respond: () => json(whole({ content: null, tool_calls: [{ type: "function" }] }, "tool_calls")),
  },
];
