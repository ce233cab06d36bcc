import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { embeddingRef } from "./embedding_backward.ref.ts";
import { occurrencesOf } from "./embedding_backward.ts";
import { scatterRows } from "./scatter_rows.ts";
import { scatterRowsRef } from "./scatter_rows.ref.ts";
import { assertGradient, inner } from "#shared/engine/ops/testing.ts";

describe("scatter_rows", () => {
  it("has a reference that is the gradient of gathering", () => {
    const table = Float64Array.from(noise(5 * 4, 1));
    const [dy, rows] = [noise(16, 2), [4, 0, 3, 0]];
    const loss = () => inner(embeddingRef(table, rows, 4), dy);
    assertGradient(scatterRowsRef(dy, rows, 5, 4), loss, table, "dtable");
  });

  for (const [total, count, cols] of [[1, 1, 4], [9, 4, 20], [300, 130, 64], [40, 130, 64]] as const) {
    it(`equals the reference at ${count} of ${total} rows of ${cols}`, async () => {
      const gpu = await testGpu();
      const x = noise(count * cols, 1);
      const rows = Uint32Array.from({ length: count }, (_, i) => (i * 7 + 3) % total);
      const grouped = occurrencesOf(rows);
      const buffers = {
        x: gpu.upload("x", x),
        occurrences: gpu.upload("occurrences", grouped.occurrences),
        order: gpu.upload("order", grouped.order),
        out: gpu.allocate("out", total * cols * 4),
      };
      await run((recorder) => scatterRows(recorder, buffers, { distinct: grouped.distinct, cols }));
      assertClose(await gpu.readFloats(buffers.out), scatterRowsRef(x, rows, total, cols), 1e-6);
      gpu.release(...Object.values(buffers));
    });
  }
});
