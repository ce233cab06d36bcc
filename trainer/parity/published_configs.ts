// bun trainer/parity/published_configs.ts OUT
// Runs what published_configs.py made: of each model the same greedy ids and log-probs within 1e-4 as in transformers, or
// a refusal of one sentence. Exits 1 where a model gives anything else.

import { join } from "node:path";
import { openGpu } from "#shared/engine/gpu/device.ts";
import { Generator } from "#shared/engine/generation/generate.ts";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import { readJson } from "#shared/io/files.ts";

interface Row {
  name: string;
  folder: string;
  reference: { prompt_ids: number[]; ids: number[]; logprobs: number[] } | null;
}

const out = process.argv[2]!;
const gpu = await openGpu(dawn());
const counts = { equal: 0, refused: 0, other: 0 };
let worst = 0;
for (const { name, folder, reference } of readJson(join(out, "index.json")) as Row[]) {
  let kind: keyof typeof counts = "refused";
  let detail = "";
  try {
    const model = loadModel(gpu, join(out, folder));
    const generator = new Generator(model);
    const { prompt_ids, ids, logprobs } = reference ?? { prompt_ids: [3], ids: [], logprobs: [] };
    const options = { max_tokens: ids.length || 1, temperature: 1, greedy: true, seed: 1, eos_ids: [] };
    const answers = await generator.generate([{ prompt_ids, samples: 1, key: [0, 0] }], options);
    const answer = answers[0]![0]!;
    const error = Math.max(...logprobs.map((own, i) => Math.abs(own - answer.logprobs[i]!)));
    worst = Math.max(worst, error);
    kind = reference && String(answer.ids) === String(ids) && error <= 1e-4 ? "equal" : "other";
    detail = `largest error of a log-prob ${error.toExponential(1)}`;
    generator.destroy();
    model.destroy();
  } catch (error) {
    detail = (error as Error).message;
  }
  counts[kind]++;
  console.log(`${kind.padEnd(8)}${name}: ${detail}`);
}
console.log(`${JSON.stringify(counts)}, largest error ${worst.toExponential(1)}`);
gpu.close();
if (counts.other > 0) process.exit(1);
