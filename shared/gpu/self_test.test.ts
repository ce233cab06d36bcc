import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { selfTest } from "./self_test.ts";
import { testGpu } from "./testing.ts";

describe("selfTest()", () => {
  it("accepts this adapter and keeps its faster kernels", async () => {
    const gpu = await testGpu();
    const { subgroups8, liveBytes } = gpu;
    await selfTest(gpu);
    assert.equal(gpu.subgroups8, subgroups8);
    assert.equal(gpu.liveBytes, liveBytes);
  });

  it("switches faster kernels off when only they are wrong, and names an adapter that computes garbage", async () => {
    const gpu = await testGpu();
    const { subgroups8 } = gpu;
    const read = gpu.readFloats.bind(gpu);
    try {
      let reads = 0;
      const corrupt = (when: () => boolean) => async (...args: Parameters<typeof read>) => {
        const values = await read(...args);
        if (when()) values[70]! += 1;
        return values;
      };
      if (subgroups8) {
        gpu.readFloats = corrupt(() => reads++ === 0);
        await selfTest(gpu);
        assert.equal(gpu.subgroups8, false);
      }
      gpu.readFloats = corrupt(() => true);
      await assert.rejects(selfTest(gpu), {
        message:
          /^Cannot use adapter ".+" as its self-test product is wrong: element \[1, 2\] is \S+, expected \S+$/,
      });
    } finally {
      gpu.readFloats = read;
      gpu.subgroups8 = subgroups8;
    }
  });
});
