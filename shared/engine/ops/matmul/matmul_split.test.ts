// Products of f32 by units for f16: those of the adapter where it has some, as Mesa 26.2's lavapipe, and emulated ones of
// other shapes and roundings. matmul.test.ts has the cases that all kernels share.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { type Gpu, openGpu } from "#shared/engine/gpu/device.ts";
import { replaced, textOf } from "#shared/engine/gpu/shader.ts";
import { hostGpu, noise, unreadable } from "#shared/engine/gpu/testing.ts";
import { productsAreRight } from "./check_products.ts";
import { emulateHalfUnits } from "./emulated_halves.testing.ts";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "#shared/io/half.ts";
import { matmulNN, matmulNT } from "./matmul.ts";
import { Recorder } from "#shared/engine/gpu/recorder.ts";
import { type Operands, productErrors } from "./product_error.ts";

/** Sums of four uniform numbers, which are nearly normal, of a standard deviation given by row and column. */
function normal(rows: number, cols: number, seed: number, scale: (row: number, col: number) => number) {
  const parts = [0, 1, 2, 3].map((i) => noise(rows * cols, 10 * seed + i, Math.sqrt(3) / 2));
  return Float32Array.from(
    parts[0]!,
    (_, i) => parts.reduce((sum, part) => sum + part[i]!, 0) * scale(Math.floor(i / cols), i % cols),
  );
}

type Scale = (row: number, col: number) => number;
function operands([rows, cols, inner]: [number, number, number], x: Scale, w: Scale, y: Scale): Operands {
  const shape = { rows, cols, inner };
  return {
    ...shape,
    x: normal(rows, inner, 1, x),
    w: normal(inner, cols, 2, w),
    y: normal(rows, cols, 3, y),
  };
}

const one = () => 1;
/** One kind of product each, as compiling them is what takes the time. */
const STORED = [
  { dtype: "bfloat16", kind: "NT", product: matmulNT, narrowed: f32ToBf16, widened: bf16ToF32 },
  { dtype: "float16", kind: "NN", product: matmulNN, narrowed: f32ToF16, widened: f16ToF32 },
] as const;
/** As the rows of x come: all zeros, tiny, huge, one number above all others. */
const extreme: Scale = (i, k) => [0, 1e-30, 1e30, k === 7 ? 1e9 : 1][i % 4]!;

/** Tiles that are not full, and more steps than the units sum at once. */
const CASES: Record<string, Operands> = {
  "random numbers": operands([70, 68, 260], one, one, one),
  "outlier channels and gradients of many sizes": operands(
    [70, 132, 36],
    (_, k) => k % 16 === 5 ? 1000 : 1,
    () => 0.02,
    (i) => 10 ** (-4 - i % 6),
  ),
  "extreme rows": operands([67, 68, 132], extreme, (_, j) => [1, 0, 1e-5, 1e5][j % 4]!, one),
  "an outlier that meets zeros": operands(
    [9, 8, 40],
    (_, k) => k === 3 ? 2 ** 16 : 1,
    (k) => k === 3 ? 0 : 1,
    one,
  ),
};

const probe = await openGpu(await hostGpu(), { profile: "gpu" });
const offered = probe.offers("matrix_f16");
const skip = unreadable(probe, "float16");
probe.close();

/** That units sum at once. */
const STEPS = 128;
const UNITS: [string, { M: number; N: number; K: number; [key: string]: unknown } | undefined][] = [
  ["the adapter's own units", undefined],
  ["emulated units of 8 x 16 x 16 in little memory", { M: 8, N: 16, K: 16, roomy: false, lanes: 16 }],
  ["emulated units of 16 x 8 x 8 that round towards zero", { M: 16, N: 8, K: 8, truncates: true }],
];

for (const [name, units] of UNITS) {
  describe(`products by ${name}`, { skip: skip || (!units && !offered && "the adapter has none") }, () => {
    let gpu: Gpu;
    before(async () => {
      gpu = await openGpu(await hostGpu(), { profile: "gpu" });
      if (units) emulateHalfUnits(gpu, units);
      gpu.chosen = "matrix_f16";
    });
    after(() => gpu?.close());

    for (const [what, own] of Object.entries(CASES)) {
      // Every sum towards zero loses up to 2^-23, and where one product is above all others f32 arithmetic loses nothing.
      const bound = units?.truncates && what === "extreme rows" ? STEPS / units.K * 2 ** -23 : undefined;
      it(`are off by at most ${bound ? "the losses of such sums" : "twice what f32 kernels for hardware are"}, on ${what}`, async () => {
        const errors = await productErrors(gpu, own);
        gpu.chosen = "workgroup"; // sums over the inner dimension in order, in all three products
        const f32 = await productErrors(gpu, own);
        gpu.chosen = "matrix_f16";
        for (const kind of ["nn", "nt", "tn"] as const) {
          assert.ok(
            errors[kind] <= (bound ?? 2 * f32[kind]),
            `${kind}: ${errors[kind]}, in f32 ${f32[kind]}`,
          );
        }
      });
    }

    it("pass the test of all kernels", async () => {
      assert.ok(await productsAreRight(gpu, "matrix_f16"));
    });

    for (const { dtype, kind, product, narrowed, widened } of units?.truncates ? [] : STORED) {
      it(`give the same bits by ${kind} for weights stored as ${dtype}, whose low halves they leave out`, async () => {
        const [rows, cols, inner] = [9, 68, 132];
        const stored = narrowed(normal(inner, cols, 2, (k) => 10 ** (k % 9 - 4)));
        const x = gpu.upload("x", normal(rows, inner, 1, one));
        const [packed, exact] = [new Uint32Array(stored.buffer), widened(stored)].map((w) =>
          gpu.upload("w", w)
        );
        const out = gpu.allocate("out", 4 * rows * cols);
        const recorder = new Recorder(gpu);
        const results: number[][] = [];
        for (const [w, type] of [[packed!, dtype], [exact!, "float32"]] as const) {
          product(recorder, { x, w, out }, { rows, cols, inner, dtype: type });
          recorder.submit();
          results.push([...await gpu.readFloats(out)]);
        }
        assert.deepEqual(results[0], results[1]);
        assert.ok(results[0]!.every((value) => value !== 0));
        gpu.release(x, packed!, exact!, out);
      });
    }

    it("hide no infinity or NaN, and keep it in its row", async () => {
      const [rows, cols, inner] = [6, 8, 12];
      const x = noise(rows * inner, 1);
      x[inner + 3] = Infinity;
      x[3 * inner + 5] = NaN;
      x[4 * inner + 1] = 3e38;
      const buffers = {
        x: gpu.upload("x", x),
        w: gpu.upload("w", noise(inner * cols, 2)),
        out: gpu.allocate("out", 4 * rows * cols),
      };
      const recorder = new Recorder(gpu);
      matmulNN(recorder, buffers, { rows, cols, inner });
      recorder.submit();
      const finite = [...await gpu.readFloats(buffers.out)].map(Number.isFinite);
      const expected = Array.from(finite, (_, i) => ![1, 3].includes(Math.floor(i / cols)));
      assert.deepEqual(finite, expected);
      gpu.release(...Object.values(buffers));
    });
  });
}

describe("products by units for f16", { skip }, () => {
  it("are refused where sums of earlier steps stay, which only a long product shows", async () => {
    const gpu = await openGpu(await hostGpu());
    const { kernel } = gpu;
    const texts = new Map<unknown, () => string>();
    gpu.kernel = (label, source, constants) => {
      if (!label.endsWith("_split")) return kernel.call(gpu, label, source, constants);
      const text = texts.get(source) ?? (() => replaced(label, textOf(source), "clear(own);", ""));
      texts.set(source, text);
      return kernel.call(gpu, label, text, constants);
    };
    emulateHalfUnits(gpu);
    assert.equal(await productsAreRight(gpu, "matrix_f16"), false);
    gpu.close();
  });
});
