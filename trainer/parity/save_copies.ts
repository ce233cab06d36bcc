// Saves the small checkpoints again as this project writes them, for load_back.py:
//   bun trainer/parity/save_copies.ts FOLDER     makes FOLDER/NAME-f32, -bf16 and -shards

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openGpu } from "#shared/engine/gpu/device.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import { saveModel } from "#shared/engine/model/save.ts";
import { dawn } from "#shared/engine/hosts/dawn.ts";

const FORMS = { f32: {}, bf16: { dtype: "BF16" }, shards: { maxShardBytes: 10_000 } } as const;

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new TypeError("Cannot save copies as there is no folder: give one");
const gpu = await openGpu(dawn());
for (const name of ["llama", "llama2", "mistral", "qwen2", "qwen3", "smollm2"]) {
  const model = loadModel(gpu, `${import.meta.dirname}/../../shared/engine/model/fixtures/${name}`);
  for (const [form, options] of Object.entries(FORMS)) {
    const directory = join(folder, `${name}-${form}`);
    mkdirSync(directory, { recursive: true });
    await saveModel(model, directory, options);
  }
}
gpu.close();
