import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { candidates } from "./autotune.ts";
import { hardwareGpus } from "#shared/engine/gpu/testing.ts";
import { emulateMatrixUnits } from "./emulated_units.testing.ts";
import { chooseProducts } from "./choose_products.ts";

const folder = mkdtempSync(join(tmpdir(), "ghpo-kernels-"));
after(() => rmSync(folder, { recursive: true }));
const hardware = hardwareGpus();

describe("chooseProducts()", { timeout: 60_000 }, () => {
  it("measures once and keeps the result by adapter, driver and kernels", async () => {
    const file = join(folder, "new/kernels.json");
    const first = await hardware();
    await chooseProducts(first, file);
    const [[key, kept]] = Object.entries(JSON.parse(readFileSync(file, "utf8"))) as [
      [string, { products: string; milliseconds: Record<string, number> }],
    ];
    assert.ok(key.includes(first.facts.description));
    assert.equal(kept.products, first.products);
    assert.ok(kept.milliseconds[kept.products]! > 0);
    // Another choice in the file shows that it is read.
    const other = candidates(first).find((products) => products !== first.products)!;
    writeFileSync(file, JSON.stringify({ [key]: { ...kept, products: other }, another: kept }));
    const second = await hardware();
    await chooseProducts(second, file);
    assert.equal(second.products, other);
  });

  it("measures again where there is something else to choose from, and keeps both results", async () => {
    const file = join(folder, "candidates.json");
    const few = await hardware();
    const more = await hardware();
    emulateMatrixUnits(more);
    await chooseProducts(few, file);
    await chooseProducts(more, file);
    const kept = JSON.parse(readFileSync(file, "utf8")) as Record<string, { products: string }>;
    assert.equal(Object.keys(kept).length, 2);
    for (const [i, entry] of Object.values(kept).entries()) entry.products = ["workgroup", "matrix"][i]!;
    writeFileSync(file, JSON.stringify(kept));
    await chooseProducts(few, file);
    await chooseProducts(more, file);
    assert.deepEqual([few.chosen, more.chosen], ["workgroup", "matrix"]);
  });

  for (const content of ["{", "[]", '{"any": {"products": "fast", "milliseconds": {}}}']) {
    it(`writes a file anew that holds ${content}`, async () => {
      const file = join(folder, "broken.json");
      writeFileSync(file, content);
      const gpu = await hardware();
      await chooseProducts(gpu, file);
      const kept = Object.values(JSON.parse(readFileSync(file, "utf8"))) as { products: string }[];
      assert.deepEqual(kept.map(({ products }) => products), [gpu.products]);
    });
  }

  it("chooses without a file where none can be written", async () => {
    const gpu = await hardware();
    const file = join(folder, "occupied");
    mkdirSync(file);
    await chooseProducts(gpu, file);
    assert.ok(gpu.chosen !== undefined);
  });
});
