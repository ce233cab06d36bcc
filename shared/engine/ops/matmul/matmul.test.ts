import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { PRODUCTS, type Products } from "#shared/engine/gpu/device.ts";
import { assertClose, noise, run, testGpu, unreadable } from "#shared/engine/gpu/testing.ts";
import type { Recorder } from "#shared/engine/gpu/recorder.ts";
import { matmulNN, matmulNT, matmulTN } from "./matmul.ts";
import { matmulNNRef, matmulNTRef, matmulTNRef } from "./matmul.ref.ts";
import { emulateHalfUnits } from "./emulated_halves.testing.ts";
import { emulateMatrixUnits } from "./emulated_units.testing.ts";

const shapes = [
  { rows: 1, cols: 4, inner: 4 },
  { rows: 5, cols: 12, inner: 8 },
  { rows: 33, cols: 68, inner: 36 },
  { rows: 129, cols: 192, inner: 64 },
];

const gpu = await testGpu();
const skipped = (products: Products) => {
  if (products === "matrix_f16") return unreadable(gpu, "float16"); // neither has the units nor can emulate them
  return products !== "subgroups8" || gpu.subgroups8 ? false : "the adapter has no subgroups of 8 lanes";
};

for (const products of PRODUCTS) {
  describe(`matmul by ${products} kernels`, { skip: skipped(products) }, () => {
    let restore = () => {};
    before(() => {
      gpu.chosen = products;
      if (gpu.offers(products)) return;
      restore = products === "matrix_f16" ? emulateHalfUnits(gpu) : emulateMatrixUnits(gpu);
    });
    after(() => {
      gpu.chosen = undefined;
      restore();
    });

    for (const shape of shapes) {
      const { rows, cols, inner } = shape;
      const name = `${rows} x ${cols} x ${inner}`;

      it(`NN with bias and residual equals the f64 reference at ${name}`, async () => {
        const [x, w] = [noise(rows * inner, 1), noise(inner * cols, 2)];
        const [bias, residual] = [noise(cols, 3), noise(rows * cols, 4)];
        const buffers = {
          x: gpu.upload("x", x),
          w: gpu.upload("w", w),
          bias: gpu.upload("bias", bias),
          residual: gpu.upload("residual", residual),
          out: gpu.allocate("out", rows * cols * 4),
        };
        await run((recorder) => matmulNN(recorder, buffers, shape));
        const expected = matmulNNRef(x, w, shape).map((v, i) => v + bias[i % cols]! + residual[i]!);
        assertClose(await gpu.readFloats(buffers.out), expected, 1e-5);
        await run((recorder) => matmulNN(recorder, { x: buffers.x, w: buffers.w, out: buffers.out }, shape));
        assertClose(await gpu.readFloats(buffers.out), matmulNNRef(x, w, shape), 1e-5);
        gpu.release(...Object.values(buffers));
      });

      it(`NT overwrites, then accumulates, at ${name}`, async () => {
        const [x, w] = [noise(rows * inner, 1), noise(inner * cols, 2)];
        const buffers = {
          x: gpu.upload("x", x),
          w: gpu.upload("w", w),
          out: gpu.upload("out", noise(rows * cols, 9)),
        };
        await run((recorder) => matmulNT(recorder, buffers, shape));
        const expected = matmulNTRef(x, w, shape);
        assertClose(await gpu.readFloats(buffers.out), expected, 1e-5);
        await run((recorder) => matmulNT(recorder, buffers, { ...shape, accumulate: true }));
        assertClose(await gpu.readFloats(buffers.out), expected.map((v) => 2 * v), 1e-5);
        gpu.release(...Object.values(buffers));
      });

      it(`TN overwrites, then accumulates, at ${cols} x ${inner} over ${rows} tokens`, async () => {
        const tn = { rows: cols, cols: inner, inner: rows };
        const [x, y] = [noise(rows * cols, 1), noise(rows * inner, 2)];
        const buffers = {
          x: gpu.upload("x", x),
          y: gpu.upload("y", y),
          out: gpu.upload("out", noise(cols * inner, 9)),
        };
        await run((recorder) => matmulTN(recorder, buffers, tn));
        const expected = matmulTNRef(x, y, tn);
        assertClose(await gpu.readFloats(buffers.out), expected, 1e-5);
        await run((recorder) => matmulTN(recorder, buffers, { ...tn, accumulate: true }));
        assertClose(await gpu.readFloats(buffers.out), expected.map((v) => 2 * v), 1e-5);
        gpu.release(...Object.values(buffers));
      });
    }

    it("sums, over parts of the inner columns, to the whole product", async () => {
      const [rows, cols, inner, split] = [9, 8, 20, 12];
      const [x, w, y] = [noise(rows * inner, 1), noise(inner * cols, 2), noise(rows * cols, 3)];
      const buffers = {
        x: gpu.upload("x", x),
        y: gpu.upload("y", y),
        parts: [gpu.upload("top", w.slice(0, split * cols)), gpu.upload("bottom", w.slice(split * cols))],
        product: gpu.allocate("product", rows * cols * 4),
        weight: gpu.allocate("weight", (inner - split) * cols * 4),
        wide: gpu.allocate("wide", rows * inner * 4),
      };
      const [top, bottom] = buffers.parts as [GPUBuffer, GPUBuffer];
      const tail = { xStride: inner, xFirst: split };
      await run((recorder) => {
        const nn = { x: buffers.x, out: buffers.product };
        matmulNN(recorder, { ...nn, w: top }, { rows, cols, inner: split, xStride: inner });
        matmulNN(recorder, { ...nn, w: bottom }, {
          rows,
          cols,
          inner: inner - split,
          ...tail,
          accumulate: true,
        });
        const tn = { x: buffers.x, y: buffers.y, out: buffers.weight };
        matmulTN(recorder, tn, { rows: inner - split, cols, inner: rows, ...tail });
        const nt = { x: buffers.y, out: buffers.wide };
        matmulNT(recorder, { ...nt, w: bottom }, {
          rows,
          cols: inner - split,
          inner: cols,
          outStride: inner,
          outFirst: split,
        });
        matmulNT(recorder, { ...nt, w: top }, { rows, cols: split, inner: cols, outStride: inner });
      });
      assertClose(
        await gpu.readFloats(buffers.product),
        matmulNNRef(x, w, { rows, cols, inner }),
        1e-5,
        "NN",
      );
      const weight = matmulTNRef(x, y, { rows: inner, cols, inner: rows }).slice(split * cols);
      assertClose(await gpu.readFloats(buffers.weight), weight, 1e-5, "TN");
      const wide = matmulNTRef(y, w, { rows, cols: inner, inner: cols });
      assertClose(await gpu.readFloats(buffers.wide), wide, 1e-5, "NT");
      const { parts, ...rest } = buffers;
      gpu.release(...parts, ...Object.values(rest));
    });
  });
}

describe("matmul", () => {
  for (const { rows, cols, inner } of shapes) {
    for (const products of ["workgroup", "subgroups8"] as const) {
      const what =
        `has the same bits by ${products} kernels as by portable ones at ${rows} x ${cols} x ${inner}`;
      it(what, { skip: skipped(products) }, async () => {
        const [x, w, y] = [noise(rows * inner, 1), noise(inner * cols, 2), noise(rows * cols, 3)];
        const buffers = { x: gpu.upload("x", x), w: gpu.upload("w", w), y: gpu.upload("y", y) };
        const out = gpu.allocate("out", (rows + inner) * (inner + cols) * 4);
        const both = async (record: (recorder: Recorder) => void, size: number) => {
          const results: Float32Array[] = [];
          for (const chosen of [products, "base"] as const) {
            gpu.chosen = chosen;
            await run(record);
            results.push(await gpu.readFloats(out, size));
          }
          gpu.chosen = undefined;
          return results as [Float32Array, Float32Array];
        };
        const [nn, nnBase] = await both((recorder) => {
          matmulNN(recorder, { ...buffers, out }, { rows, cols, inner });
        }, rows * cols);
        assert.deepEqual(nn, nnBase, "NN");
        const [tn, tnBase] = await both((recorder) => {
          matmulTN(recorder, { ...buffers, out }, { rows: inner, cols, inner: rows });
        }, inner * cols);
        assert.deepEqual(tn, tnBase, "TN");
        const [nt, ntBase] = await both((recorder) => {
          matmulNT(recorder, { x: buffers.y, w: buffers.w, out }, { rows, cols: inner, inner: cols });
        }, rows * inner);
        assertClose(nt, ntBase, 1e-6, "NT"); // its portable kernel sums dot products of four
        gpu.release(out, ...Object.values(buffers));
      });
    }
  }

  it("refuses columns that are no multiple of 4", async () => {
    const buffer = gpu.allocate("any", 64);
    await assert.rejects(
      run((recorder) =>
        matmulNN(recorder, { x: buffer, w: buffer, out: buffer }, { rows: 1, cols: 3, inner: 4 })
      ),
      /Cannot run matmul_nn as cols must be a multiple of 4: current value is 3/,
    );
    gpu.release(buffer);
  });
});
