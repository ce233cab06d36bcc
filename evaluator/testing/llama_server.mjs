// llama.cpp behind an OpenAI-compatible server, for development: node llama_server.mjs PACKAGE MODEL.gguf
// PACKAGE is the folder of node-llama-cpp. Prints its address; one request at a time, on one thread of the CPU.

import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, modelPath] = process.argv.slice(2);
const { getLlama, LlamaChatSession } = await import(pathToFileURL(join(folder, "dist", "index.js")));
const llama = await getLlama({ gpu: false, build: "never", maxThreads: 1, logLevel: "error" });
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({ contextSize: 1024, threads: 1 });

async function complete({ messages, temperature, top_p, max_tokens, seed }, onTextChunk) {
  const sequence = context.getSequence();
  const session = new LlamaChatSession({ contextSequence: sequence });
  try {
    const { responseText, stopReason } = await session.promptWithMeta(messages.at(-1).content, {
      ...{ temperature, topP: top_p, maxTokens: max_tokens, seed, onTextChunk },
    });
    return { content: responseText, finish_reason: stopReason === "maxTokens" ? "length" : "stop" };
  } finally {
    session.dispose();
    sequence.dispose();
  }
}

async function answer(request, response) {
  let text = "";
  for await (const chunk of request) text += chunk;
  const body = JSON.parse(text);
  if (!body.stream) {
    const { content, finish_reason } = await complete(body);
    response.setHeader("content-type", "application/json");
    const message = { role: "assistant", content };
    return response.end(JSON.stringify({ choices: [{ index: 0, message, finish_reason }] }));
  }
  response.setHeader("content-type", "text/event-stream");
  const send = (choice) =>
    response.write(`data: ${JSON.stringify({ choices: [{ index: 0, ...choice }] })}\n\n`);
  const { finish_reason } = await complete(
    body,
    (content) => send({ delta: { content }, finish_reason: null }),
  );
  send({ delta: {}, finish_reason });
  response.end("data: [DONE]\n\n");
}

let turn = Promise.resolve();
const server = createServer((request, response) => {
  turn = turn.then(() => answer(request, response)).catch((error) => {
    console.error(error);
    response.writeHead(500).end();
  });
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/v1`));
