// bun trainer/parity/load_memory.ts [--layers 16] [--hidden 1536] [--vocabulary 40000] [--shard-mb 400] [--dtype bfloat16]
// How much memory of the host loading a sharded checkpoint takes: the process's peak while it loads, without what it had
// before and without the GPU buffers, which on a software adapter are its own memory. Linux; writes the checkpoint (2
// bytes a number) into a temporary folder first.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openGpu } from "#shared/engine/gpu/device.ts";
import { writeWeights } from "#shared/io/weights.ts";
import type { Dtype } from "#shared/engine/ops/storage/dtype.ts";
import { configJson, parseConfig } from "#shared/engine/model/config.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import { parameterLayouts } from "#shared/engine/model/weights.ts";
import { dawn } from "#shared/engine/hosts/dawn.ts";

const { values } = parseArgs({
  options: {
    layers: { type: "string", default: "16" },
    hidden: { type: "string", default: "1536" },
    vocabulary: { type: "string", default: "40000" },
    "shard-mb": { type: "string", default: "400" },
    dtype: { type: "string", default: "float32" },
  },
});

const hidden = Number(values.hidden);
const config = parseConfig({
  model_type: "llama",
  hidden_size: hidden,
  intermediate_size: 4 * hidden,
  num_hidden_layers: Number(values.layers),
  num_attention_heads: hidden / 64,
  vocab_size: Number(values.vocabulary),
});

const memory = (key: "VmRSS" | "VmHWM") =>
  Number(new RegExp(`${key}:\\s+(\\d+)`).exec(readFileSync("/proc/self/status", "utf8"))![1]) * 1024;

const folder = mkdtempSync(join(tmpdir(), "ghpo-load-"));
try {
  writeCheckpoint();
  const gpu = await openGpu(dawn());
  loadModel(gpu, `${import.meta.dirname}/../../shared/engine/model/fixtures/llama2`).destroy(); // what only the first needs
  Bun.gc(true);
  const before = memory("VmRSS");
  writeFileSync("/proc/self/clear_refs", "5"); // the peak counts from now on
  const model = loadModel(gpu, folder, values.dtype as Dtype);
  const grown = memory("VmHWM") - before;
  const buffers = gpu.profile === "cpu" ? gpu.liveBytes : 0;
  model.destroy();
  gpu.close();
  const shards = readdirSync(folder).filter((name) => name.endsWith(".safetensors"))
    .map((name) => statSync(join(folder, name)).size);
  const largest_shard = Math.max(...shards);
  const host = grown - buffers;
  console.log(JSON.stringify({ shards: shards.length, largest_shard, host, ratio: host / largest_shard }));
} finally {
  rmSync(folder, { recursive: true });
}

function writeCheckpoint(): void {
  const tensors = parameterLayouts(config).flatMap(({ sources }) =>
    sources.map(({ name, shape }) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b)).fill(0.5);
      return { name, shape, data };
    })
  );
  writeWeights(folder, tensors, { dtype: "BF16", maxShardBytes: Number(values["shard-mb"]) * 1e6 });
  writeFileSync(join(folder, "config.json"), JSON.stringify(configJson(config, "bfloat16")));
}
