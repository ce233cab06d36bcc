// Products of @tensorflow/tfjs on WebGPU, timed for benches/peers.ts. Runs in the folder where the peers are installed.

import { operands, SHAPES, timed } from "./shapes.mjs";
import { openWebGpu, peer } from "./peer.mjs";

const gpu = await openWebGpu();
const tf = await peer("@tensorflow/tfjs-core");
await peer("@tensorflow/tfjs-backend-webgpu");
await tf.setBackend("webgpu");
await tf.ready();
const { device } = tf.backend();
const figures = {};
for (const { name, kind, rows, cols, inner } of SHAPES) {
  const { x, w } = operands(rows, cols, inner);
  const left = tf.tensor2d(x, kind === "TN" ? [inner, rows] : [rows, inner]);
  const right = tf.tensor2d(w, kind === "NT" ? [cols, inner] : [inner, cols]);
  let out;
  const once = () => {
    out?.dispose();
    out = tf.matMul(left, right, kind === "TN", kind === "NT");
  };
  const sync = async () => {
    const backend = tf.backend();
    if (backend.commandEncoder) {
      backend.endComputePassEncoder();
      backend.submitQueue();
    }
    await device.queue.onSubmittedWorkDone();
  };
  const time = await timed(once, sync);
  figures[name] = { ...time, first: (await out.data())[0] };
}
console.log(JSON.stringify({ adapter: gpu.description, figures }));
process.exit(0);
