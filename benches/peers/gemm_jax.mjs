// Products of @jax-js/jax on WebGPU, timed for benches/peers.ts. Runs in the folder where the peers are installed.

import { operands, SHAPES, timed } from "./shapes.mjs";
import { openWebGpu, peer } from "./peer.mjs";

const gpu = await openWebGpu();
const { blockUntilReady, defaultDevice, init, jit, numpy: np } = await peer("@jax-js/jax");
if (!(await init("webgpu")).includes("webgpu")) throw new Error("Cannot run jax-js as it finds no WebGPU");
defaultDevice("webgpu");
const products = {
  NN: jit((x, w) => np.matmul(x, w)),
  NT: jit((x, w) => np.matmul(x, w.transpose())),
  TN: jit((x, w) => np.matmul(x.transpose(), w)),
};
const figures = {};
for (const { name, kind, rows, cols, inner } of SHAPES) {
  const { x, w } = operands(rows, cols, inner);
  const left = np.array(x).reshape(kind === "TN" ? [inner, rows] : [rows, inner]);
  const right = np.array(w).reshape(kind === "NT" ? [cols, inner] : [inner, cols]);
  await blockUntilReady([left.ref, right.ref]);
  let out;
  const once = () => {
    out?.dispose();
    out = products[kind](left.ref, right.ref);
  };
  const time = await timed(once, async () => out && await blockUntilReady(out.ref));
  figures[name] = { ...time, first: (await out.ref.data())[0] };
}
console.log(JSON.stringify({ adapter: gpu.description, figures }));
process.exit(0);
