import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { gatherRows } from "./gather_rows.ts";

describe("gather_rows", () => {
  it("leaves alone what another part of the table holds", async () => {
    const gpu = await testGpu();
    const buffers = {
      table: gpu.upload("table", Float32Array.of(30, 31, 32, 33, 40, 41, 42, 43)), // rows 3 and 4 of a larger one
      indices: gpu.upload("indices", Uint32Array.of(2, 4, 5, 3)),
      out: gpu.allocate("out", 4 * 16),
    };
    await run((recorder) => gatherRows(recorder, buffers, { count: 4, cols: 4, first: 3, rows: 2 }));
    const expected = [0, 0, 0, 0, 40, 41, 42, 43, 0, 0, 0, 0, 30, 31, 32, 33];
    assert.deepEqual([...await gpu.readFloats(buffers.out)], expected);
    gpu.release(...Object.values(buffers));
  });

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
