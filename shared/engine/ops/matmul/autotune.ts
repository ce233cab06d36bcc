// Which kernels multiply matrices on this adapter: on a software adapter its kind decides, on a hardware GPU a short
// race, as what wins there differs from model to model. Only kernels that compute correctly take part.

import { matmulNN, matmulNT, type MatmulShape, matmulTN } from "./matmul.ts";
import { type Gpu, PRODUCTS, type Products } from "#shared/engine/gpu/device.ts";
import { Recorder } from "#shared/engine/gpu/recorder.ts";
import { productsAreRight } from "./check_products.ts";

/** The fastest, and the milliseconds of the three products of `SIZE` by those that were worth measuring. */
export interface TunedProducts {
  products: Products;
  milliseconds: Partial<Record<Products, number>>;
}

const SIZE = { rows: 1024, cols: 512, inner: 512 };
/** A heat: a candidate this many times slower than the fastest is out, so that a hopeless one costs little. */
const HEAT = { rows: 256, cols: 128, inner: 128 };
const HOPELESS = 4;
/** No further round starts after this many milliseconds. */
const BUDGET = 300;
const ROUNDS = 5;

/** The kernels that may win. A processor suspends every lane at a barrier, so there workgroup memory cannot. */
export function candidates(gpu: Gpu): Products[] {
  if (gpu.profile === "cpu") return [gpu.subgroups8 ? "subgroups8" : "base"];
  return PRODUCTS.filter((products) => gpu.offers(products));
}

/** Measures the candidates that compute correctly. Does not change the adapter's choice. */
export async function autotune(gpu: Gpu): Promise<TunedProducts> {
  const right: Products[] = [];
  const possible = candidates(gpu);
  if (possible.length === 1) return { products: possible[0]!, milliseconds: {} };
  for (const products of possible) {
    if (await productsAreRight(gpu, products)) right.push(products);
  }
  const recorder = new Recorder(gpu);
  const buffer = (label: string, count: number) => gpu.allocate(`autotune ${label}`, count * 4);
  const buffers = {
    x: buffer("x", SIZE.rows * SIZE.inner),
    w: buffer("w", SIZE.inner * SIZE.cols),
    y: buffer("y", SIZE.rows * SIZE.cols),
    out: buffer("out", SIZE.rows * Math.max(SIZE.cols, SIZE.inner)),
  };
  const { x, w, y, out } = buffers;
  const { chosen } = gpu;
  const time = async (products: Products, { rows, cols, inner }: MatmulShape) => {
    gpu.chosen = products;
    const began = performance.now();
    matmulNN(recorder, { x, w, out }, { rows, cols, inner });
    matmulNT(recorder, { x: y, w, out }, { rows, cols: inner, inner: cols });
    matmulTN(recorder, { x, y, out }, { rows: inner, cols, inner: rows });
    recorder.submit();
    await gpu.idle();
    return performance.now() - began;
  };
  /** The least of some rounds, taken in turn, as an adapter may change its clock. */
  const race = async (runners: readonly Products[], shape: MatmulShape) => {
    const best = new Map<Products, number>();
    const end = performance.now() + BUDGET;
    for (let round = 0; round < ROUNDS && (round === 0 || performance.now() < end); round++) {
      for (const products of runners) {
        best.set(products, Math.min(best.get(products) ?? Infinity, await time(products, shape)));
      }
    }
    return best;
  };
  let best: Map<Products, number>;
  try {
    for (const products of right) await time(products, HEAT); // warms
    const heat = await race(right, HEAT);
    const limit = HOPELESS * Math.min(...heat.values());
    best = await race(right.filter((products) => heat.get(products)! <= limit), SIZE);
  } finally {
    gpu.chosen = chosen;
    recorder.destroy();
    gpu.release(...Object.values(buffers));
  }
  const [fastest = "base"] = [...best.keys()].sort((a, b) => best.get(a)! - best.get(b)!);
  return { products: fastest, milliseconds: Object.fromEntries(best) };
}
