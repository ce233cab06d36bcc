// merge: a model with an adapter of the PEFT library added to its weights, as a model directory of its own.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { makeDirectory } from "#shared/io/files.ts";
import * as v from "valibot";
import { openGpu } from "#shared/engine/gpu/device.ts";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import { mergeAdapters } from "#shared/engine/lora/peft.ts";
import { loadConfig, loadModel } from "#shared/engine/model/load.ts";
import { saveModel } from "#shared/engine/model/save.ts";
import { checkProducts } from "#shared/engine/ops/matmul/check_products.ts";
import { checkEngine } from "#shared/engine/self_test/check_engine.ts";
import { copyTokenizer } from "#shared/io/tokenizer_files.ts";
import { parseFlags } from "#shared/schemas/parse.ts";
import { name } from "#shared/schemas/values.ts";

const FlagsSchema = v.strictObject({
  model: name,
  adapter: name,
  out: name,
  dtype: v.picklist(["float32", "bfloat16"]),
  json: v.optional(v.boolean(), false),
});

export async function mergeCommand(flags: unknown): Promise<void> {
  const { model: directory, adapter, out, dtype, json } = parseFlags(FlagsSchema, flags);
  if (existsSync(join(out, "config.json"))) {
    throw new Error(`Cannot merge into ${out} as it holds a model: give another --out`);
  }
  const gpu = await openGpu(dawn());
  try {
    await checkProducts(gpu);
    await checkEngine(gpu, "generation", loadConfig(directory));
    const model = loadModel(gpu, directory);
    mergeAdapters(model, adapter);
    makeDirectory(out);
    await saveModel(model, out, { dtype: dtype === "bfloat16" ? "BF16" : "F32" });
    copyTokenizer(directory, out);
  } finally {
    gpu.close();
  }
  console.log(
    json
      ? JSON.stringify({ out, dtype })
      : `${out}: ${directory} with ${adapter} merged, in ${dtype}\nNext: npm run -s evaluate -- --model ${out}`,
  );
}
