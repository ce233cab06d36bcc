// The kernels for matrix products of a resumed run: those of its newest checkpoint. A new run takes what
// its machine has measured (shared/engine/ops/matmul/choose_products.ts).

import { join } from "node:path";
import * as v from "valibot";
import { type Gpu, PRODUCTS } from "#shared/engine/gpu/device.ts";
import { productsAreRight } from "#shared/engine/ops/matmul/check_products.ts";
import { readJson } from "#shared/io/files.ts";
import { checkpointName, listCheckpoints } from "./checkpoint.ts";
import { RunDirectory } from "./directory.ts";

const ProductsSchema = v.picklist(PRODUCTS);

/**
 * Takes the kernels that a manifest names (`Gpu.variants`), as far as the adapter has them and they compute correctly:
 * where they differ after that, resuming is refused.
 */
export async function useKernels(gpu: Gpu, recorded: string): Promise<void> {
  const [, others, products = others] = /^(\w+)(?:, products (\w+))?$/.exec(recorded) ?? [];
  if (others === "base") gpu.subgroups8 = false;
  if (products === gpu.products || !v.is(ProductsSchema, products)) return;
  if (gpu.offers(products) && await productsAreRight(gpu, products)) gpu.chosen = products;
}

/** What the newest checkpoint of a run was computed with; undefined before the first, or where it cannot be read. */
export function recordedKernels(outputDirectory: string): string | undefined {
  const root = new RunDirectory(outputDirectory).checkpoints;
  const step = listCheckpoints(root).at(-1);
  if (step === undefined) return undefined;
  try {
    const manifest = readJson(join(root, checkpointName(step), "manifest.json"));
    return v.parse(v.object({ kernel_variants: v.object({ kernels: v.string() }) }), manifest).kernel_variants
      .kernels;
  } catch {
    return undefined; // resuming says what is wrong with it
  }
}
