import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { gatherRows } from "#shared/engine/ops/embedding/gather_rows.ts";
import { matmulNN } from "#shared/engine/ops/matmul/matmul.ts";
import { Profiler } from "./profiler.ts";
import { Recorder } from "./recorder.ts";
import { testGpu } from "./testing.ts";

describe("Profiler", () => {
  it("takes the time of every dispatch by kernel", async (context) => {
    const gpu = await testGpu();
    if (!gpu.device.features.has("timestamp-query")) {
      return context.skip("the adapter has no timestamp queries");
    }
    const rounds = 9;
    const recorder = new Recorder(gpu);
    const profiler = gpu.profiler = new Profiler(gpu);
    const [a, b, c] = [0, 1, 2].map((i) => gpu.allocate(`m${i}`, 256 * 256 * 4)) as [
      GPUBuffer,
      GPUBuffer,
      GPUBuffer,
    ];
    for (let round = 0; round < rounds; round++) {
      matmulNN(recorder, { x: a, w: b, out: c }, { rows: 256, cols: 256, inner: 256 });
      gatherRows(recorder, { table: a, indices: b, out: c }, { count: 1, cols: 4 });
      recorder.submit();
    }
    gpu.profiler = undefined;
    await profiler.collect();
    const times = profiler.times();
    assert.equal(times.length, 2);
    const product = times.find(({ label }) => label.startsWith("matmul_"))!;
    const gather = times.find(({ label }) => label === "gather_rows")!;
    assert.deepEqual([product.calls, gather.calls], [rounds, rounds]);
    assert.equal(product.flops, rounds * 2 * 256 ** 3);
    assert.equal(product.bytes, rounds * 3 * 256 * 256 * 4);
    assert.equal(profiler.events.length, 2 * rounds);
    // The median, as a busy machine may interrupt any of them. Dawn rounds timestamps to 65.536 us, so that a gather
    // often takes none.
    const median = (label: string) =>
      profiler.events.filter((event) => event.label === label).map((event) => event.milliseconds)
        .sort((a, b) => a - b)[rounds >> 1]!;
    assert.ok(median(product.label) > median(gather.label) && gather.milliseconds >= 0);
    assert.deepEqual(times, times.toSorted((a, b) => b.milliseconds - a.milliseconds), "the longest first");
    profiler.destroy();
    recorder.destroy();
    gpu.release(a, b, c);
  });
});
