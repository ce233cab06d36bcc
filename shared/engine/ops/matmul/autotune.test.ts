import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { autotune, candidates } from "./autotune.ts";
import { emulateHalfUnits } from "./emulated_halves.testing.ts";
import { emulateMatrixUnits } from "./emulated_units.testing.ts";
import { openGpu, type Products } from "#shared/engine/gpu/device.ts";
import { hostGpu, unreadable } from "#shared/engine/gpu/testing.ts";

describe("autotune()", () => {
  it("takes what a processor is known to run best without measuring", async () => {
    const gpu = await openGpu(await hostGpu(), { profile: "cpu" });
    const known = gpu.subgroups8 ? "subgroups8" : "base";
    assert.deepEqual(await autotune(gpu), { products: known, milliseconds: {} });
    gpu.close();
  });

  it("takes the fastest of those that it measured, and leaves buffers and choice as they were", async () => {
    const gpu = await openGpu(await hostGpu(), { profile: "gpu" });
    const { products, milliseconds } = await autotune(gpu);
    assert.ok(candidates(gpu).includes("workgroup"));
    assert.ok(Object.keys(milliseconds).every((name) => candidates(gpu).includes(name as Products)));
    assert.equal(milliseconds[products], Math.min(...Object.values(milliseconds)));
    assert.equal(gpu.chosen, undefined);
    assert.equal(gpu.liveBytes, 0);
    gpu.close();
  });

  for (const products of ["matrix", "matrix_f16"] as const) {
    it(`lets ${products} kernels take part where the adapter has their units`, async (t) => {
      const gpu = await openGpu(await hostGpu(), { profile: "gpu" });
      assert.equal(candidates(gpu).includes(products), gpu.offers(products));
      if (products === "matrix_f16" && unreadable(gpu, "float16")) {
        return t.skip("the adapter has no shader-f16");
      }
      if (products === "matrix") emulateMatrixUnits(gpu);
      else emulateHalfUnits(gpu);
      assert.ok(candidates(gpu).includes(products));
      let raced = false;
      const { idle } = gpu;
      gpu.idle = () => {
        raced ||= gpu.products === products;
        return idle.call(gpu);
      };
      await autotune(gpu);
      assert.ok(raced);
      gpu.close();
    });
  }

  it("leaves out kernels whose numbers are wrong, however fast they are", async () => {
    const gpu = await openGpu(await hostGpu(), { profile: "gpu" });
    const fastest = (await autotune(gpu)).products;
    const read = gpu.readFloats.bind(gpu);
    gpu.readFloats = async (...args) => {
      const values = await read(...args);
      if (gpu.products === fastest) values[70]! += 1;
      return values;
    };
    const { products, milliseconds } = await autotune(gpu);
    assert.notEqual(products, fastest);
    assert.ok(!Object.hasOwn(milliseconds, fastest));
    gpu.close();
  });
});
