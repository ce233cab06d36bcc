// Products of a decode step as they are with adapters: what the adapters add comes as a matrix beside weights that may be
// stored in 16 bits.

import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu, unreadable } from "#shared/engine/gpu/testing.ts";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "#shared/io/half.ts";
import {
  decodeEmbed,
  decodeMatmul,
  decodeNormMatmul,
  ROW_WORDS,
  squaresBytes,
  STATE_HEADER,
} from "./decode.ts";
import { matmulNNRef } from "#shared/engine/ops/matmul/matmul.ref.ts";
import { rmsNormRef } from "#shared/engine/ops/rms_norm/rms_norm.ref.ts";
import { swigluRef } from "#shared/engine/ops/swiglu/swiglu.ref.ts";

const TYPES = [
  ["bfloat16", f32ToBf16, bf16ToF32],
  ["float16", f32ToF16, f16ToF32],
] as const;
const eps = 1e-5;
const gpu = await testGpu();

for (const [dtype, narrowed, widened] of TYPES) {
  const skip = unreadable(gpu, dtype);
  describe(`decode with weights in ${dtype}`, { skip }, () => {
    for (const [rows, hidden, inner] of [[3, 12, 20], [17, 64, 36]] as const) {
      it(`adds a matrix to products of ${rows} rows, SwiGLU's among them, as the f64 reference`, async () => {
        const wide = 2 * inner;
        const stored = (count: number, seed: number) => {
          const half = narrowed(noise(count, seed));
          return { half: new Uint32Array(half.buffer), data: widened(half) };
        };
        const [table, w] = [stored(rows * hidden, 1), stored(hidden * wide, 2)];
        const [norm, residual, low] = [noise(hidden, 3), noise(rows * wide, 4), noise(rows * hidden, 5)];
        const state = new Uint32Array(STATE_HEADER + rows * ROW_WORDS);
        state[0] = rows;
        for (let i = 0; i < rows; i++) state[STATE_HEADER + i * ROW_WORDS] = i; // its token
        const make = (count: number) => gpu.allocate("out", count * 4);
        const buffers = {
          state: gpu.upload("state", state),
          table: gpu.upload("table", table.half),
          w: gpu.upload("w", w.half),
          norm: gpu.upload("norm", norm),
          residual: gpu.upload("residual", residual),
          low: gpu.upload("low", low),
          x: make(rows * hidden),
          scaled: make(rows * hidden),
          squares: gpu.allocate("squares", squaresBytes(rows, hidden)),
          sum: make(rows * wide),
          gated: make(rows * inner),
          plain: make(rows * wide),
        };
        const { scaled, squares } = buffers;
        await run((recorder) => {
          const part = { binding: buffers.table, first: 0, count: rows };
          decodeEmbed(recorder, buffers, [part], { rows, hidden, dtype });
          const common = { ...buffers, input: { scaled, squares }, dtype };
          const shape = { rows, inner: hidden, eps };
          decodeNormMatmul(recorder, { ...common, out: buffers.sum }, { ...shape, cols: wide });
          decodeNormMatmul(recorder, { ...common, out: buffers.gated }, {
            ...shape,
            cols: inner,
            swiglu: true,
          });
          const { state, w, residual, low: x, plain: out } = buffers;
          decodeMatmul(recorder, { state, x, w, dtype, residual, out, squares }, { ...shape, cols: wide });
        });
        const plus = (product: Float64Array) => product.map((v, i) => v + residual[i]!);
        const full = { rows, cols: wide, inner: hidden };
        const normed = rmsNormRef(table.data, norm, { rows, cols: hidden, eps }).out;
        const sum = plus(matmulNNRef(normed, w.data, full));
        assertClose(await gpu.readFloats(buffers.sum), sum, 1e-5, "product of the norm");
        const gated = swigluRef(sum, { rows, cols: inner });
        assertClose(await gpu.readFloats(buffers.gated), gated, 1e-5, "SwiGLU");
        const plain = plus(matmulNNRef(low, w.data, full));
        assertClose(await gpu.readFloats(buffers.plain), plain, 1e-5, "plain product");
        gpu.release(...Object.values(buffers));
      });
    }
  });
}
