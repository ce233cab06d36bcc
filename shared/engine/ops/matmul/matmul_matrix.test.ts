// The kernels for matrix units on an adapter of any kind, with the units emulated, and on units for f16 where there are
// some; matmul.test.ts has the other cases.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type Gpu, openGpu } from "#shared/engine/gpu/device.ts";
import { Recorder } from "#shared/engine/gpu/recorder.ts";
import { productsAreRight } from "./check_products.ts";
import { assertClose, hostGpu, noise } from "#shared/engine/gpu/testing.ts";
import { matmulNN, matmulNT, matmulTN } from "./matmul.ts";
import { matmulNNRef, matmulNTRef, matmulTNRef } from "./matmul.ref.ts";
import { emulateMatrixUnits, openForHalves } from "./emulated_units.testing.ts";

/** The three products of numbers that f16 holds, against the reference. */
async function check(gpu: Gpu): Promise<void> {
  gpu.chosen = "matrix";
  const [rows, cols, inner] = [70, 132, 44];
  const integers = (count: number, seed: number) => noise(count, seed, 9).map(Math.round);
  const [x, w, y] = [integers(rows * inner, 1), integers(inner * cols, 2), integers(rows * cols, 3)];
  const buffers = { x: gpu.upload("x", x), w: gpu.upload("w", w), y: gpu.upload("y", y) };
  const outs = [rows * cols, rows * inner, inner * cols].map((count) => gpu.allocate("out", 4 * count));
  const [nn, nt, tn] = outs as [GPUBuffer, GPUBuffer, GPUBuffer];
  const recorder = new Recorder(gpu);
  matmulNN(recorder, { ...buffers, out: nn }, { rows, cols, inner });
  matmulNT(recorder, { x: buffers.y, w: buffers.w, out: nt }, { rows, cols: inner, inner: cols });
  matmulTN(recorder, { ...buffers, out: tn }, { rows: inner, cols, inner: rows });
  recorder.submit();
  assertClose(await gpu.readFloats(nn), matmulNNRef(x, w, { rows, cols, inner }), 0, "NN");
  assertClose(await gpu.readFloats(nt), matmulNTRef(y, w, { rows, cols: inner, inner: cols }), 0, "NT");
  assertClose(await gpu.readFloats(tn), matmulTNRef(x, y, { rows: inner, cols, inner: rows }), 0, "TN");
}

const halves = await openForHalves();

describe("matmul by matrix units", () => {
  it("is right where subgroups are smaller than the adapter's largest", async () => {
    const gpu = await openGpu(await hostGpu());
    emulateMatrixUnits(gpu, 32); // 16 subgroups of 8 lanes in a workgroup instead of 4
    await check(gpu);
    gpu.close();
  });

  it("is emulated only as far as its text is known", async () => {
    const gpu = await openGpu(await hostGpu());
    emulateMatrixUnits(gpu);
    assert.throws(
      () => gpu.kernel("matmul_nn_matrix", "fn main() {}"),
      /^Error: Cannot compile matmul_nn_matrix as its text must match .* exactly once/,
    );
    gpu.close();
  });

  const skip = halves ? false : "the adapter has no matrix units that take f16 in 8 x 8";
  it("is right by units for f16, and refused for what those round away", { skip }, async () => {
    await check(halves!);
    assert.equal(await productsAreRight(halves!, "matrix"), false);
    halves!.close();
  });
});
