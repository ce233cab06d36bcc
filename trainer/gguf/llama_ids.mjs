// What llama.cpp makes of a GGUF file: node llama_ids.mjs PACKAGE MODEL.gguf '{"prompts":[[ids]],"count":n,"texts":[]}'
// PACKAGE is the folder of node-llama-cpp. Prints {"greedy":[[ids]],"tokens":[[ids]]} as JSON. With "forced":[[ids]],
// or "greedy" for its own, also "logits": of each of these ids behind its prompt, the largest logits there as
// [[id, logit]], and its own.

import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const [folder, modelPath, request] = process.argv.slice(2);
const { prompts, count, texts, forced = [] } = JSON.parse(request);
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
const SHOWN = 16;
const logits = [];
for (const [i, ids] of (forced === "greedy" ? greedy : forced).entries()) {
  await sequence.clearHistory();
  const input = [...prompts[i], ...ids.slice(0, -1)].map((token, at) =>
    at < prompts[i].length - 1 ? token : [token, { generateNext: { logits: true } }]
  );
  const results = (await sequence.controlledEvaluate(input)).slice(prompts[i].length - 1);
  logits.push(results.map(({ next }, k) => {
    const sorted = [...next.logits].sort((a, b) => b[1] - a[1]);
    return [...sorted.slice(0, SHOWN), [ids[k], next.logits.get(ids[k])]];
  }));
}
console.log(JSON.stringify({ greedy, logits, tokens: texts.map((text) => model.tokenize(text)) }));
process.exit(0);
