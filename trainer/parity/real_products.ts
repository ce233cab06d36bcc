// Errors of the matrix products on what a real model multiplies, compared with f64, by every kernel of this adapter.
//   python trainer/parity/real_operands.py MODEL OPERANDS && bun trainer/parity/real_products.ts OPERANDS [--towards-zero]
// Prints, for each product, the largest number of its operands over their median, and the errors of each kernel: the root
// mean square over all elements of |error| / sum |a b|, in units of 2^-24. Units for f16 are emulated where the adapter has
// none, and with --towards-zero such as round their sums so.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openGpu, type Products } from "#shared/engine/gpu/device.ts";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import { emulateHalfUnits } from "#shared/engine/ops/matmul/emulated_halves.testing.ts";
import { productErrors } from "#shared/engine/ops/matmul/product_error.ts";
import { candidates } from "#shared/engine/ops/matmul/autotune.ts";

const [folder, option] = process.argv.slice(2);
const truncates = option === "--towards-zero";
if (!folder) {
  throw new TypeError("Cannot read operands without their folder: name the one of real_operands.py");
}
const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as {
  name: string;
  rows: number;
  cols: number;
  inner: number;
}[];
const gpu = await openGpu(dawn(), { profile: "gpu" });
const own = gpu.offers("matrix_f16") && !truncates;
if (!own) emulateHalfUnits(gpu, { truncates });
console.log(`${gpu.facts.description}; units for f16: ${own ? "the adapter's own" : "emulated"}`);
const totals = new Map<Products, number[]>();
for (const { name, ...shape } of index) {
  const numbers = (part: string) => {
    const { buffer, byteOffset, byteLength } = readFileSync(join(folder, `${name}.${part}.f32`));
    return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
  };
  const operands = { x: numbers("x"), w: numbers("w"), y: numbers("y") };
  const spread = Object.entries(operands).map(([part, values]) => {
    const sizes = values.map(Math.abs).sort();
    return `${part} ${(sizes.at(-1)! / sizes[sizes.length >> 1]!).toPrecision(2)}`;
  });
  console.log(
    `${name} (${shape.rows} x ${shape.cols} x ${shape.inner}), largest / median: ${spread.join(", ")}`,
  );
  for (const products of candidates(gpu)) {
    gpu.chosen = products;
    const errors = Object.entries(await productErrors(gpu, { ...operands, ...shape }));
    console.log(
      `  ${products.padEnd(10)} ${
        errors.map(([kind, e]) => `${kind} ${(e * 2 ** 24).toFixed(3)}`).join("  ")
      }`,
    );
    totals.set(products, [...totals.get(products) ?? [], ...errors.map(([, error]) => error)]);
  }
}
const f32 = totals.get("workgroup")!;
const ratio = Math.max(...totals.get("matrix_f16")!.map((error, i) => error / f32[i]!));
console.log(
  `matrix_f16: at most ${ratio.toFixed(2)} times the error of the f32 kernels for hardware (workgroup)`,
);
gpu.close();
