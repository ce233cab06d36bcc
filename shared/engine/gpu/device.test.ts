import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { openGpu } from "./device.ts";
import { hostGpu, testGpu } from "./testing.ts";

describe("openGpu()", () => {
  it("says what to install when no adapter answers", async () => {
    const none = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;
    for (const entry of [none, undefined]) {
      await assert.rejects(openGpu(entry), {
        message:
          /^Cannot open a GPU as no usable WebGPU adapter was found: install a Vulkan, Metal or Direct3D 12 driver/,
      });
    }
  });

  it("keeps to portable kernels when asked", async () => {
    const gpu = await openGpu(await hostGpu(), { variants: "base" });
    assert.equal(gpu.variants, "base");
    gpu.close();
  });

  it("takes the profile of software drivers from their name", async () => {
    const gpu = await testGpu();
    const software = /llvmpipe|swiftshader/i.test(`${gpu.facts.description} ${gpu.facts.architecture}`);
    assert.equal(gpu.profile, software ? "cpu" : gpu.profile);
  });
});

describe("Gpu", () => {
  it("counts the bytes of live buffers and their peak", async () => {
    const gpu = await testGpu();
    const before = gpu.liveBytes;
    const buffers = [gpu.allocate("a", 1000), gpu.upload("b", new Float32Array(6)), gpu.allocate("c", 1)];
    assert.equal(gpu.liveBytes, before + 1000 + 24 + 4);
    assert.ok(gpu.peakBytes >= gpu.liveBytes);
    gpu.release(...buffers);
    assert.equal(gpu.liveBytes, before);
  });

  it("reads any part back, also while other reads are under way", async () => {
    const gpu = await testGpu();
    const data = Float32Array.from({ length: 5000 }, (_, i) => i);
    const buffer = gpu.upload("data", data);
    const parts = [[0, 5000], [4999, 1], [17, 300], [1, 2]] as const;
    const read = await Promise.all(parts.map(([first, count]) => gpu.readFloats(buffer, count, first)));
    for (const [i, [first, count]] of parts.entries()) {
      assert.deepEqual(read[i], data.slice(first, first + count));
    }
    gpu.release(buffer);
  });

  it("refuses a buffer beyond the adapter's limit by name", async () => {
    const gpu = await testGpu();
    const limit = gpu.device.limits.maxBufferSize;
    const size = limit - limit % 4 + 4;
    const message =
      `Cannot allocate weights as one buffer holds at most ${limit} bytes: current size is ${size} bytes`;
    assert.throws(() => gpu.allocate("weights", size), { message });
  });

  it("turns a refused command into an error of the next read", async () => {
    const gpu = await openGpu(await hostGpu());
    const buffer = gpu.allocate("small", 16);
    gpu.device.queue.writeBuffer(buffer, 0, new Float32Array(8)); // 32 bytes into 16
    await assert.rejects(async () => {
      await gpu.read(buffer);
      await gpu.read(buffer); // the report may arrive after the first read has started
    }, /^(Error: Cannot continue as WebGPU refused a command|OperationError|TypeError)/);
    gpu.close();
  });

  it("turns a lost device into an error", async () => {
    const gpu = await openGpu(await hostGpu());
    const buffer = gpu.allocate("small", 16);
    gpu.device.destroy();
    await gpu.device.lost;
    await assert.rejects(gpu.read(buffer), {
      name: "DeviceLostError",
      message: /^Cannot continue as the GPU device was lost \(destroyed\)/,
    });
  });
});
