// What llama.cpp makes of a GGUF file: node llama_ids.mjs PACKAGE MODEL.gguf '{"prompts":[[ids]],"count":n,"texts":[]}'
// PACKAGE is the folder of node-llama-cpp. Prints {"greedy":[[ids]],"tokens":[[ids]]} as JSON.

import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const [folder, modelPath, request] = process.argv.slice(2);
const { prompts, count, texts } = JSON.parse(request);
const { getLlama } = await import(pathToFileURL(join(folder, "dist", "index.js")));
const llama = await getLlama({ gpu: false, build: "never", maxThreads: 1, logLevel: "error" });
const model = await llama.loadModel({ modelPath });
// Its cache is f16 unless told otherwise.
const cache = { experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32" };
const context = await model.createContext({ contextSize: 512, threads: 1, ...cache });
const sequence = context.getSequence();
const greedy = [];
for (const prompt of prompts) {
  await sequence.clearHistory();
  const ids = [];
  for await (const id of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
    ids.push(id);
    if (ids.length === count) break;
  }
  greedy.push(ids);
}
console.log(JSON.stringify({ greedy, tokens: texts.map((text) => model.tokenize(text)) }));
process.exit(0);
