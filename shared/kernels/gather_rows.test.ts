import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { noise, run, testGpu } from "#shared/gpu/testing.ts";
import { gatherRows } from "./gather_rows.ts";

describe("gather_rows", () => {
  for (const cols of [4, 20]) {
    it(`copies rows in any order and more than once at ${cols} columns`, async () => {
      const gpu = await testGpu();
      const table = noise(9 * cols, 1);
      const indices = Uint32Array.from([8, 0, 3, 3, 7]);
      const buffers = {
        table: gpu.upload("table", table),
        indices: gpu.upload("indices", indices),
        out: gpu.allocate("out", indices.length * cols * 4),
      };
      await run((recorder) => gatherRows(recorder, buffers, { count: indices.length, cols }));
      const expected = [...indices].flatMap((row) => [...table.subarray(row * cols, (row + 1) * cols)]);
      assert.deepEqual([...await gpu.readFloats(buffers.out)], expected);
      gpu.release(...Object.values(buffers));
    });
  }
});
