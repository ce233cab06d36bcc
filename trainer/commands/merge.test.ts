import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolders } from "#shared/io/testing.ts";
import { Lora } from "#shared/engine/lora/lora.ts";
import { saveAdapters } from "#shared/engine/lora/peft.ts";
import { testGpu } from "#shared/engine/gpu/testing.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import { readTensors } from "#shared/engine/model/save.ts";
import { mergeCommand } from "./merge.ts";

const BASE = "trainer/recipes/tiny-base";
const temporary = temporaryFolders();

describe("ghpo merge", () => {
  it(
    "writes the model as training with the adapters sees it, and once only",
    { timeout: 60_000 },
    async () => {
      const gpu = await testGpu();
      const model = loadModel(gpu, BASE);
      const lora = new Lora(model, { r: 4, lora_alpha: 8, target_modules: ["q_proj", "down_proj"] }, 8, 3);
      for (const { buffer } of lora.parameters()) {
        gpu.write(buffer, Float32Array.from({ length: buffer.size / 4 }, (_, i) => Math.sin(i) / 10));
      }
      lora.merge();
      const [adapter, out] = [temporary(), temporary()];
      await saveAdapters(lora, adapter, BASE);
      const flags = { model: BASE, adapter, out, dtype: "float32", json: true };
      await mergeCommand(flags);
      const merged = loadModel(gpu, out);
      assert.deepEqual(await readTensors(merged), await readTensors(model));
      assert.equal(
        readFileSync(join(out, "tokenizer.json"), "utf8"),
        readFileSync(`${BASE}/tokenizer.json`, "utf8"),
      );
      await assert.rejects(
        mergeCommand(flags),
        /Cannot merge into .* as it holds a model: give another --out/,
      );
      const half = temporary();
      await mergeCommand({ ...flags, out: half, dtype: "bfloat16" });
      assert.equal(JSON.parse(readFileSync(join(half, "config.json"), "utf8")).dtype, "bfloat16");
      lora.destroy();
      for (const each of [model, merged]) each.destroy();
    },
  );
});
