// Greedy decoding of one sequence by node-llama-cpp on one thread, timed for benches/decode.ts.
// Arguments: model.gguf, first id, how many ids. Runs under Node, where the binding is fastest.

import process from "node:process";
import { peer } from "./peer.mjs";

const { getLlama } = await peer("node-llama-cpp");
const [modelPath, first, count] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];

const llama = await getLlama({ gpu: false, build: "never", maxThreads: 1, logLevel: "error" });
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({ contextSize: 512, threads: 1 });
const sequence = context.getSequence();

async function decode() {
  const ids = [];
  await sequence.clearHistory();
  const began = performance.now();
  for await (const id of sequence.evaluate([first], { temperature: 0, yieldEogToken: true })) {
    ids.push(id);
    if (ids.length === count) break;
  }
  return { ids, seconds: (performance.now() - began) / 1000 };
}

const { ids } = await decode();
const seconds = [];
for (let i = 0; i < 5; i++) seconds.push((await decode()).seconds);
seconds.sort((a, b) => a - b);
console.log(JSON.stringify({ ids, seconds: seconds[2] }));
process.exit(0);
