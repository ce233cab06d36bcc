// Which of the kernels for matrix products this machine uses: what was measured on its adapter before, or what a
// measurement says now, which is cached for the next time.

import * as v from "valibot";
import { autotune, candidates } from "./autotune.ts";
import { type Gpu, PRODUCTS } from "#shared/engine/gpu/device.ts";
import { productsAreRight } from "./check_products.ts";
import { productTexts } from "./matmul.ts";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { makeDirectory, readJson } from "#shared/io/files.ts";
import { sha256 } from "#shared/io/hash.ts";

const CACHE = `${import.meta.dirname}/../../../../.cache/kernels.json`;

const ProductsSchema = v.picklist(PRODUCTS);
/** By adapter, driver, the candidates and their texts. */
const CacheSchema = v.record(
  v.string(),
  v.strictObject({ products: ProductsSchema, milliseconds: v.record(ProductsSchema, v.number()) }),
);

/** Sets `gpu.chosen`. A file that cannot be read or has other contents is rewritten. */
export async function chooseProducts(gpu: Gpu, file = CACHE): Promise<void> {
  const offered = candidates(gpu);
  if (offered.length === 1) return; // what the adapter's kind has decided
  const { vendor, architecture, device, description } = gpu.facts;
  const version = sha256(productTexts().join("\0")).slice(0, 12);
  const key = [vendor, architecture, device, description, gpu.profile, offered, version].join(" | ");
  const cache = readCache(file);
  const known = cache[key];
  if (known && offered.includes(known.products) && await productsAreRight(gpu, known.products)) {
    gpu.chosen = known.products;
    return;
  }
  const choice = await autotune(gpu);
  gpu.chosen = choice.products;
  try {
    makeDirectory(file.slice(0, file.lastIndexOf("/")));
    writeFileAtomic(file, JSON.stringify({ ...cache, [key]: choice }, null, 2) + "\n");
  } catch {
    // A folder that may not be written costs a measurement at every start.
  }
}

function readCache(file: string): v.InferOutput<typeof CacheSchema> {
  try {
    return v.parse(CacheSchema, readJson(file));
  } catch {
    return {};
  }
}
