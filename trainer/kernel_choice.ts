// Which of the kernels for matrix products a run uses: those of its checkpoint when it goes on, else what was measured
// on this adapter before, else what a measurement now says, which is kept for the next time.

import { dirname, join } from "node:path";
import * as v from "valibot";
import { autotune, candidates } from "#shared/gpu/autotune.ts";
import { type Gpu, PRODUCTS } from "#shared/gpu/device.ts";
import { productsAreRight } from "#shared/gpu/self_test.ts";
import { writeFileAtomic } from "#shared/io/atomic.ts";
import { makeDirectory, readJson } from "#shared/io/files.ts";
import { sha256 } from "#shared/io/hash.ts";
import { productTexts } from "#shared/kernels/matmul.ts";
import { checkpointName, listCheckpoints } from "./checkpoint.ts";
import { RunDirectory } from "./run_directory.ts";

const CACHE = join(import.meta.dirname, "../.cache/kernels.json");

const ProductsSchema = v.picklist(PRODUCTS);
/** By adapter, driver and kernels. */
const CacheSchema = v.record(
  v.string(),
  v.strictObject({ products: ProductsSchema, milliseconds: v.record(ProductsSchema, v.number()) }),
);

/** Sets `gpu.chosen`. A file that cannot be read or does not say what it should is written anew. */
export async function chooseProducts(gpu: Gpu, file = CACHE): Promise<void> {
  if (candidates(gpu).length === 1) return; // what the adapter's kind has decided
  const { vendor, architecture, device, description } = gpu.facts;
  const version = sha256(productTexts().join("\0")).slice(0, 12);
  const key = [vendor, architecture, device, description, gpu.profile, version].join(" | ");
  const cache = readCache(file);
  const known = cache[key];
  if (known && candidates(gpu).includes(known.products) && await productsAreRight(gpu, known.products)) {
    gpu.chosen = known.products;
    return;
  }
  const choice = await autotune(gpu);
  gpu.chosen = choice.products;
  try {
    makeDirectory(dirname(file));
    writeFileAtomic(file, JSON.stringify({ ...cache, [key]: choice }, null, 2) + "\n");
  } catch {
    // A folder that cannot be written costs a measurement at every start.
  }
}

function readCache(file: string): v.InferOutput<typeof CacheSchema> {
  try {
    return v.parse(CacheSchema, readJson(file));
  } catch {
    return {};
  }
}

/**
 * Takes the kernels that a manifest names (`Gpu.variants`), as far as the adapter has them and they compute rightly:
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
