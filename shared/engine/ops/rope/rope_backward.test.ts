import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { ropeRef } from "./rope.ref.ts";
import { partialsLength } from "#shared/engine/ops/column_sum/column_sum.ts";
import { qkNormBackward, ropeBackward } from "./rope_backward.ts";
import { ropeBackwardRef } from "./rope_backward.ref.ts";
import { assertGradient, inner } from "#shared/engine/ops/testing.ts";

/** Frequencies of a head, and the (position, pair) table of cos and sin up to `last`. */
function rotation(headDim: number, last: number): { frequencies: number[]; table: Float32Array } {
  const frequencies = Array.from({ length: headDim / 2 }, (_, i) => 10000 ** (-2 * i / headDim));
  const angles = Array.from({ length: last + 1 }, (_, position) => frequencies.map((f) => position * f))
    .flat();
  return { frequencies, table: Float32Array.from(angles.flatMap((a) => [Math.cos(a), Math.sin(a)])) };
}

describe("rope and q/k norm backward", () => {
  it("has a reference that equals central differences", () => {
    const shape = { tokens: 3, heads: 2, kvHeads: 1, headDim: 8, eps: 1e-5 };
    const { frequencies } = rotation(8, 2);
    const positions = [0, 1, 7];
    const raw = Float64Array.from(noise(3 * 32, 1));
    const dqkv = noise(3 * 32, 2);
    const norms = { q: Float64Array.from(noise(8, 3)), k: Float64Array.from(noise(8, 4)) };
    const plain = ropeBackwardRef(raw, dqkv, positions, frequencies, shape);
    assertGradient(
      plain.draw,
      () => inner(ropeRef(raw, positions, frequencies, shape), dqkv),
      raw,
      "draw without norm",
    );
    const normed = ropeBackwardRef(raw, dqkv, positions, frequencies, shape, norms);
    const loss = () => inner(ropeRef(raw, positions, frequencies, shape, norms), dqkv);
    assertGradient(normed.draw, loss, raw, "draw");
    assertGradient(normed.dq_norm, loss, norms.q, "dq_norm");
    assertGradient(normed.dk_norm, loss, norms.k, "dk_norm");
  });

  for (const [tokens, heads, kvHeads, headDim] of [[1, 1, 1, 8], [5, 6, 2, 24], [70, 4, 4, 64]] as const) {
    const name = `${tokens} tokens, ${heads} + 2 x ${kvHeads} heads of ${headDim}`;
    it(`equals the f64 reference at ${name}`, async () => {
      const gpu = await testGpu();
      const shape = { tokens, heads, kvHeads, headDim, eps: 1e-6 };
      const width = (heads + 2 * kvHeads) * headDim;
      const positions = Uint32Array.from({ length: tokens }, (_, i) => i % 40);
      const { frequencies, table } = rotation(headDim, 40);
      const [raw, dqkv] = [noise(tokens * width, 1), noise(tokens * width, 2)];
      const norms = { q: noise(headDim, 3), k: noise(headDim, 4) };
      const before = noise(headDim, 5);
      const buffers = {
        raw: gpu.upload("raw", raw),
        positions: gpu.upload("positions", positions),
        table: gpu.upload("table", table),
        q_norm: gpu.upload("q_norm", norms.q),
        k_norm: gpu.upload("k_norm", norms.k),
        rstd: gpu.allocate("rstd", tokens * (heads + kvHeads) * 4),
        partials: gpu.allocate("partials", partialsLength(tokens * heads, headDim) * 4),
        dqkv: gpu.upload("dqkv", dqkv),
        dq_norm: gpu.upload("dq_norm", before),
        dk_norm: gpu.upload("dk_norm", before),
      };
      await run((recorder) => ropeBackward(recorder, buffers, shape));
      const plain = ropeBackwardRef(raw, dqkv, positions, frequencies, shape);
      assertClose(await gpu.readFloats(buffers.dqkv), plain.draw, 1e-5, "draw without norm");
      await run((recorder) => qkNormBackward(recorder, buffers, shape));
      const normed = ropeBackwardRef(raw, dqkv, positions, frequencies, shape, norms);
      assertClose(await gpu.readFloats(buffers.dqkv), normed.draw, 1e-5, "draw");
      const dq = normed.dq_norm.map((value, i) => value + before[i]!);
      assertClose(await gpu.readFloats(buffers.dq_norm), dq, 1e-5, "dq_norm");
      const dk = normed.dk_norm.map((value, i) => value + before[i]!);
      assertClose(await gpu.readFloats(buffers.dk_norm), dk, 1e-5, "dk_norm");
      gpu.release(...Object.values(buffers));
    });
  }
});
