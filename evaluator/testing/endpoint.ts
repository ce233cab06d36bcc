// An OpenAI-compatible server for tests, and a proxy in front of any such server that breaks a share of the
// answers in the ways real networks do.

/** A running test server. */
export interface TestServer extends AsyncDisposable {
  /** Base address with `/v1`. */
  url: string;
  /** Completion requests that arrived. */
  requests: number;
  /** Most requests that were open at the same time. */
  mostOpen: number;
}

/**
 * Serves completions computed by `answer` from the last user message (or text prompt) and the seed.
 * @param delay before each answer, in ms, or until a promise
 */
export function startEndpoint(
  answer: (prompt: string, seed: number) => string,
  delay: number | (() => Promise<void>) = 3,
): TestServer {
  return serve(async (request) => {
    const body = await request.json();
    await (typeof delay === "number" ? new Promise((resolve) => setTimeout(resolve, delay)) : delay());
    const prompt: string = body.messages ? body.messages.at(-1).content : body.prompt;
    const text = answer(prompt, body.seed);
    if (!body.stream) {
      const choice = body.messages ? { message: { role: "assistant", content: text } } : { text };
      return Response.json({
        choices: [{ index: 0, ...choice, finish_reason: "stop" }],
        usage: { completion_tokens: text.length },
      });
    }
    const chunks = text.match(/.{1,3}/gs) ?? [];
    const events = chunks.map((part) => ({
      choices: [{ delta: { content: part }, finish_reason: null as string | null }],
    }));
    events.push({ choices: [{ delta: { content: "" }, finish_reason: "stop" }] });
    const lines = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
    return new Response(lines + "data: [DONE]\n\n", { headers: { "content-type": "text/event-stream" } });
  });
}

/** What the proxy does to a request instead of passing the answer on. */
export type Fault = "429" | "500" | "reset" | "half-body" | "cut-json" | "slow-loris";

/** Passes requests on to `target`, but answers a fault wherever `pick` names one. Speaks bare TCP. */
export function startFaultyProxy(target: string, pick: () => Fault | null): TestServer {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const open = new Set<Deno.Conn>();
  const result: TestServer = {
    url: `http://127.0.0.1:${listener.addr.port}/v1`,
    requests: 0,
    mostOpen: 0,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of open) connection.close();
      await accepting;
    },
  };
  const accepting = (async () => {
    for await (const connection of listener) {
      result.requests++;
      result.mostOpen = Math.max(result.mostOpen, open.add(connection).size);
      answerOne(connection, target, pick()).catch(() => {}).finally(() => {
        if (open.delete(connection)) connection.close();
      });
    }
  })().catch(() => {});
  return result;
}

/** Reads one request from the connection and answers it, faultily if asked to. */
async function answerOne(connection: Deno.Conn, target: string, fault: Fault | null): Promise<void> {
  const request = await readRequest(connection);
  const send = async (text: string): Promise<void> => {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
  };
  const head = (status: string, length: number, more = ""): string =>
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: ${length}\r\n${more}\r\n`;
  if (fault === "reset") return;
  if (fault === "429") return await send(head("429 Too Many Requests", 0, "retry-after: 0.01\r\n"));
  if (fault === "500") return await send(head("500 Internal Server Error", 0));
  const answer = await fetch(target + request.path.replace(/^\/v1/, ""), {
    method: "POST",
    body: request.body,
    headers: { "content-type": "application/json" },
  });
  const text = await answer.text();
  const half = text.slice(0, Math.floor(text.length / 2));
  if (fault === "cut-json") return await send(head("200 OK", half.length) + half);
  await send(head(`${answer.status} OK`, text.length) + (fault === null ? text : half));
  if (fault === "slow-loris") await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
}

async function readRequest(connection: Deno.Conn): Promise<{ path: string; body: string }> {
  const chunk = new Uint8Array(65536);
  for (let text = "";;) {
    const n = await connection.read(chunk);
    if (n === null) throw new Error("the client left");
    text += new TextDecoder().decode(chunk.subarray(0, n));
    const end = text.indexOf("\r\n\r\n");
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
    if (end >= 0 && text.length >= end + 4 + length) {
      return { path: text.split(" ")[1] ?? "/", body: text.slice(end + 4) };
    }
  }
}

function serve(handler: (request: Request) => Promise<Response>): TestServer {
  let open = 0;
  const stop = new AbortController();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", signal: stop.signal, onListen() {} },
    async (request) => {
      result.requests++;
      result.mostOpen = Math.max(result.mostOpen, ++open);
      try {
        return await handler(request);
      } finally {
        open--;
      }
    },
  );
  const result: TestServer = {
    url: `http://127.0.0.1:${server.addr.port}/v1`,
    requests: 0,
    mostOpen: 0,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server.finished;
    },
  };
  return result;
}
