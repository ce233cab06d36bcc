// The kernels for matrix units on an adapter of any kind, with the units emulated; matmul.test.ts has the other cases.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { openGpu } from "#shared/gpu/device.ts";
import { Recorder } from "#shared/gpu/recorder.ts";
import { assertClose, hostGpu, noise } from "#shared/gpu/testing.ts";
import { matmulNN, matmulNT, matmulTN } from "./matmul.ts";
import { matmulNNRef, matmulNTRef, matmulTNRef } from "./matmul.ref.ts";
import { emulateMatrixUnits } from "./testing.ts";

describe("matmul by matrix units", () => {
  it("is right where subgroups are smaller than the adapter's largest", async () => {
    const gpu = await openGpu(await hostGpu());
    emulateMatrixUnits(gpu, 32); // 16 subgroups of 8 lanes in a workgroup instead of 4
    gpu.chosen = "matrix";
    const [rows, cols, inner] = [70, 132, 44];
    const [x, w, y] = [noise(rows * inner, 1), noise(inner * cols, 2), noise(rows * cols, 3)];
    const buffers = { x: gpu.upload("x", x), w: gpu.upload("w", w), y: gpu.upload("y", y) };
    const outs = [rows * cols, rows * inner, inner * cols].map((count) => gpu.allocate("out", 4 * count));
    const [nn, nt, tn] = outs as [GPUBuffer, GPUBuffer, GPUBuffer];
    const recorder = new Recorder(gpu);
    matmulNN(recorder, { ...buffers, out: nn }, { rows, cols, inner });
    matmulNT(recorder, { x: buffers.y, w: buffers.w, out: nt }, { rows, cols: inner, inner: cols });
    matmulTN(recorder, { ...buffers, out: tn }, { rows: inner, cols, inner: rows });
    recorder.submit();
    assertClose(await gpu.readFloats(nn), matmulNNRef(x, w, { rows, cols, inner }), 1e-5, "NN");
    assertClose(await gpu.readFloats(nt), matmulNTRef(y, w, { rows, cols: inner, inner: cols }), 1e-5, "NT");
    assertClose(await gpu.readFloats(tn), matmulTNRef(x, y, { rows: inner, cols, inner: rows }), 1e-5, "TN");
    gpu.close();
  });

  it("is emulated only as far as its text is known", async () => {
    const gpu = await openGpu(await hostGpu());
    emulateMatrixUnits(gpu);
    assert.throws(
      () => gpu.kernel("matmul_nn_matrix", "fn main() {}"),
      /^Error: Cannot emulate matrix units as the text has nothing like/,
    );
    gpu.close();
  });
});
