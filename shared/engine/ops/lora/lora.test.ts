import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { matmulNNRef } from "#shared/engine/ops/matmul/matmul.ref.ts";
import { loraMerge, scaledColumns } from "./lora.ts";

const shapes = [
  { rows: 1, stride: 4, first: 0, cols: 4 },
  { rows: 33, stride: 28, first: 8, cols: 12 },
];

describe("lora", () => {
  for (const shape of shapes) {
    const { rows, stride, first, cols } = shape;
    const inside = (i: number) => i % stride >= first && i % stride < first + cols;

    it(`merges a pair into columns ${first} to ${first + cols} of ${rows} x ${stride}`, async () => {
      const gpu = await testGpu();
      const [base, a, b] = [noise(rows * stride, 1), noise(rows * 5, 2), noise(5 * cols, 3)];
      const buffers = {
        base: gpu.upload("base", base),
        a: gpu.upload("a", a),
        b: gpu.upload("b", b),
        merged: gpu.upload("merged", base.map((v) => -v)),
      };
      await run((recorder) => loraMerge(recorder, buffers, { ...shape, rank: 5, scale: 0.5 }));
      const product = matmulNNRef(a, b, { rows, cols, inner: 5 });
      const expected = base.map((value, i) => {
        const at = Math.floor(i / stride) * cols + i % stride - first;
        return inside(i) ? value + 0.5 * product[at]! : -value;
      });
      assertClose(await gpu.readFloats(buffers.merged), expected, 1e-6);
      gpu.release(...Object.values(buffers));
    });

    it(`takes columns ${first} to ${first + cols} of ${rows} x ${stride}`, async () => {
      const gpu = await testGpu();
      const x = noise(rows * stride, 1);
      const buffers = { x: gpu.upload("x", x), out: gpu.allocate("out", rows * cols * 4) };
      await run((recorder) => scaledColumns(recorder, buffers, { ...shape, scale: 2 }));
      const expected = x.filter((_, i) => inside(i)).map((value) => 2 * value);
      assertClose(await gpu.readFloats(buffers.out), expected, 0);
      gpu.release(...Object.values(buffers));
    });
  }
});
