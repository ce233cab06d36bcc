import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { embeddingBackward, occurrencesOf } from "./embedding_backward.ts";
import { embeddingBackwardRef, embeddingRef } from "./embedding_backward.ref.ts";
import { assertGradient, inner } from "#shared/engine/ops/testing.ts";

describe("embedding backward", () => {
  it("has a reference that equals central differences", () => {
    const weight = Float64Array.from(noise(5 * 4, 1));
    const ids = [3, 0, 3, 4];
    const dx = noise(16, 2);
    const analytic = embeddingBackwardRef(dx, ids, 5, 4);
    assertGradient(analytic, () => inner(embeddingRef(weight, ids, 4), dx), weight, "dweight");
  });

  for (const [tokens, vocabulary, hidden] of [[1, 1, 4], [9, 5, 20], [700, 45, 64]] as const) {
    it(`adds to the gradient at ${tokens} tokens of ${vocabulary} x ${hidden}`, async () => {
      const gpu = await testGpu();
      const ids = Array.from(noise(tokens, 1), (u) => Math.floor((u + 1) / 2 * vocabulary));
      const [dx, before] = [noise(tokens * hidden, 2), noise(vocabulary * hidden, 3)];
      const { distinct, occurrences, order } = occurrencesOf(ids);
      const buffers = {
        occurrences: gpu.upload("occurrences", occurrences),
        order: gpu.upload("order", order),
        dx: gpu.upload("dx", dx),
        dweight: gpu.upload("dweight", before),
      };
      await run((recorder) => embeddingBackward(recorder, buffers, { distinct, hidden }));
      const expected = embeddingBackwardRef(dx, ids, vocabulary, hidden).map((v, i) => v + before[i]!);
      assertClose(await gpu.readFloats(buffers.dweight), expected, 1e-5);
      gpu.release(...Object.values(buffers));
    });
  }
});
