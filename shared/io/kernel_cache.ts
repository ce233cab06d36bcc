// Which of the kernels for matrix products this machine uses: what was measured on its adapter before, else what a
// measurement now says, which is kept for the next time.

import { dirname, join } from "node:path";
import * as v from "valibot";
import { autotune, candidates } from "#shared/gpu/autotune.ts";
import { type Gpu, PRODUCTS } from "#shared/gpu/device.ts";
import { productsAreRight } from "#shared/gpu/self_test.ts";
import { productTexts } from "#shared/kernels/matmul.ts";
import { writeFileAtomic } from "./atomic.ts";
import { makeDirectory, readJson } from "./files.ts";
import { sha256 } from "./hash.ts";

const CACHE = join(import.meta.dirname!, "../../.cache/kernels.json");

const ProductsSchema = v.picklist(PRODUCTS);
/** By adapter, driver, the candidates and their texts. */
const CacheSchema = v.record(
  v.string(),
  v.strictObject({ products: ProductsSchema, milliseconds: v.record(ProductsSchema, v.number()) }),
);

/** Sets `gpu.chosen`. A file that cannot be read or does not say what it should is written anew. */
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
    makeDirectory(dirname(file));
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
