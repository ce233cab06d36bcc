// A driver that computes garbage without an error exists; training on it would be silently wrong.
// Opening a run multiplies small matrices of integers, whose products are exact in f32, and compares. Faster kernels must
// be near f64 on other numbers, too: their sums may be rounded in other places than those of the portable ones.

import { matmulNN, matmulNT, matmulTN } from "./matmul.ts";
import { productErrors } from "./product_error.ts";
import type { Gpu, Products } from "#shared/engine/gpu/device.ts";
import { Recorder } from "#shared/engine/gpu/recorder.ts";

// Sizes beyond one tile of any kernel that fill none.
const [ROWS, COLS, INNER] = [69, 68, 36];

/**
 * Leaves faster kernels on only when they compute correctly.
 * @throws Error naming the adapter when the portable ones do not.
 */
export async function checkProducts(gpu: Gpu): Promise<void> {
  if (gpu.subgroups8) gpu.subgroups8 = await firstWrong(gpu) === undefined;
  const wrong = gpu.subgroups8 ? undefined : await firstWrong(gpu);
  if (wrong) {
    const name = gpu.facts.description || gpu.facts.device || gpu.facts.vendor || "without a name";
    throw new Error(`Cannot use adapter "${name}" as its self-test product is wrong: ${wrong}`);
  }
}

/** Whether the matrix products are right by these kernels: no, too, where the driver refuses to compile them. */
export async function productsAreRight(gpu: Gpu, products: Products): Promise<boolean> {
  const { chosen, device } = gpu;
  const errors = ["validation", "internal"] as const;
  gpu.chosen = products;
  for (const kind of errors) device.pushErrorScope(kind); // what is caught here is no failure of the device
  let right = false;
  try {
    right = await firstWrong(gpu) === undefined && await isPrecise(gpu);
  } finally {
    gpu.chosen = chosen;
    for (const _ of errors) if (await gpu.until(device.popErrorScope())) right = false;
  }
  return right;
}

/** Most that the error of a product may be, in errors of the portable kernels. */
const ERRORS = 2;

/**
 * Whether the errors of the kernels now chosen are like those of portable ones, on numbers some of which are a thousand
 * times larger than the rest, as the activations of large models are. The inner dimension is longer than any kernel sums
 * at once.
 */
async function isPrecise(gpu: Gpu): Promise<boolean> {
  const { chosen } = gpu;
  if (chosen === "base") return true;
  let state = 1;
  const numbers = (rows: number, cols: number, scale: (row: number, col: number) => number) =>
    Float32Array.from({ length: rows * cols }, (_, i) => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      return (state >> 7) * 2 ** -24 * scale(Math.floor(i / cols), i % cols);
    });
  const [rows, cols, inner] = [37, 68, 164];
  const operands = {
    x: numbers(rows, inner, (_, k) => k % 37 === 5 ? 1000 : 1),
    w: numbers(inner, cols, () => 0.02),
    y: numbers(rows, cols, (i) => 1e-6 * 2 ** (i % 13 - 6)),
  };
  const shape = { rows, cols, inner };
  const own = await productErrors(gpu, { ...operands, ...shape });
  gpu.chosen = "base";
  const portable = await productErrors(gpu, { ...operands, ...shape });
  gpu.chosen = chosen;
  const limit = ERRORS * Math.max(...Object.values(portable)); // the portable kernels differ in how they sum
  return Object.values(own).every((error) => error <= limit);
}

/** The first wrong element of the three products by the kernels now chosen. */
async function firstWrong(gpu: Gpu): Promise<string | undefined> {
  // A quarter of the numbers have 14 bits, more than f16 and TF32 keep; no two of those meet in a product.
  const matrix = (
    rows: number,
    cols: number,
    odd: [rows: number, cols: number],
    small: (i: number) => number,
  ) =>
    Float32Array.from({ length: rows * cols }, (_, i) => {
      const long = Math.floor(i / cols) % 2 === odd[0] && i % cols % 2 === odd[1];
      return long ? 8193 + 2 * (i * 5 % 1024) : small(i);
    });
  const x = matrix(ROWS, INNER, [0, 0], (i) => (i * 7) % 11 - 5);
  const w = matrix(INNER, COLS, [1, 1], (i) => (i * 5) % 13 - 6);
  const y = matrix(ROWS, COLS, [1, 0], (i) => (i * 3) % 7 - 3);
  const sum = (count: number, term: (i: number) => number) => {
    let total = 0;
    for (let i = 0; i < count; i++) total += term(i);
    return total;
  };
  const buffers = {
    x: gpu.upload("self test x", x),
    w: gpu.upload("self test w", w),
    y: gpu.upload("self test y", y),
    out: gpu.allocate("self test out", ROWS * COLS * 4),
  };
  const recorder = new Recorder(gpu);
  const check = async (rows: number, cols: number, expected: (i: number, j: number) => number) => {
    recorder.submit();
    const out = await gpu.readFloats(buffers.out, rows * cols);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        const [got, right] = [out[i * cols + j], expected(i, j)];
        if (got !== right) return `element [${i}, ${j}] is ${got}, expected ${right}`;
      }
    }
    return undefined;
  };
  const { out } = buffers;
  try {
    matmulNN(recorder, buffers, { rows: ROWS, cols: COLS, inner: INNER });
    const nn = await check(ROWS, COLS, (i, j) => sum(INNER, (k) => x[i * INNER + k]! * w[k * COLS + j]!));
    if (nn !== undefined) return nn;
    matmulNT(recorder, { x: buffers.y, w: buffers.w, out }, { rows: ROWS, cols: INNER, inner: COLS });
    const nt = await check(ROWS, INNER, (i, j) => sum(COLS, (k) => y[i * COLS + k]! * w[j * COLS + k]!));
    if (nt !== undefined) return nt;
    matmulTN(recorder, { x: buffers.x, y: buffers.y, out }, { rows: INNER, cols: COLS, inner: ROWS });
    return await check(INNER, COLS, (i, j) => sum(ROWS, (k) => x[k * INNER + i]! * y[k * COLS + j]!));
  } finally {
    recorder.destroy();
    gpu.release(...Object.values(buffers));
  }
}
