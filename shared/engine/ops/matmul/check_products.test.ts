import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { openGpu } from "#shared/engine/gpu/device.ts";
import { checkProducts, productsAreRight } from "./check_products.ts";
import { hostGpu, testGpu } from "#shared/engine/gpu/testing.ts";

describe("checkProducts()", () => {
  it("accepts this adapter and keeps its faster kernels", async () => {
    const gpu = await testGpu();
    const { subgroups8, liveBytes } = gpu;
    await checkProducts(gpu);
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
        await checkProducts(gpu);
        assert.equal(gpu.subgroups8, false);
      }
      gpu.readFloats = corrupt(() => true);
      await assert.rejects(checkProducts(gpu), {
        message:
          /^Cannot use adapter ".+" as its self-test product is wrong: element \[1, 2\] is \S+, expected \S+$/,
      });
    } finally {
      gpu.readFloats = read;
      gpu.subgroups8 = subgroups8;
    }
  });
});

describe("productsAreRight()", () => {
  it("refuses kernels that round the numbers that they multiply", async () => {
    for (const operand of ["r", "c"]) {
      const gpu = await openGpu(await hostGpu());
      const kernel = gpu.kernel.bind(gpu);
      let rounded = 0;
      gpu.kernel = (label, wgsl, constants) =>
        kernel(label, () => {
          const text = typeof wgsl === "string" ? wgsl : wgsl();
          return text.replace(new RegExp(`let ${operand} = (.*);`), (_, value) => {
            rounded++;
            return `let ${operand} = quantizeToF16(${value});`;
          });
        }, constants);
      assert.equal(await productsAreRight(gpu, "workgroup"), false);
      assert.equal(rounded, 1);
      gpu.close();
    }
    assert.equal(await productsAreRight(await testGpu(), "workgroup"), true);
  });

  it("refuses kernels that do not compile, and the device goes on", async () => {
    const gpu = await openGpu(await hostGpu(), { variants: "base" });
    gpu.matrixLanes = 8; // an adapter that said so would have the feature
    assert.equal(await productsAreRight(gpu, "matrix"), false);
    assert.equal(gpu.products, "base");
    await checkProducts(gpu);
    gpu.close();
  });
});
