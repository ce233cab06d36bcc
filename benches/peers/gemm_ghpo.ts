// Products of this engine, timed for benches/peers.ts.

import { openGpu } from "#shared/engine/gpu/device.ts";
import { Recorder } from "#shared/engine/gpu/recorder.ts";
import { matmulNN, matmulNT, matmulTN } from "#shared/engine/ops/matmul/matmul.ts";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import { operands, SHAPES, timed } from "./shapes.mjs";

const gpu = await openGpu(dawn());
const recorder = new Recorder(gpu);
const figures: Record<string, unknown> = {};
for (const { name, kind, rows, cols, inner } of SHAPES) {
  const { x, w } = operands(rows, cols, inner);
  const [left, right] = [gpu.upload("x", x), gpu.upload("w", w)];
  const out = gpu.allocate("out", rows * cols * 4);
  const shape = { rows, cols, inner };
  const once = () => {
    if (kind === "NN") matmulNN(recorder, { x: left, w: right, out }, shape);
    else if (kind === "NT") matmulNT(recorder, { x: left, w: right, out }, shape);
    else matmulTN(recorder, { x: left, y: right, out }, shape);
  };
  const sync = async () => {
    recorder.submit();
    await gpu.idle();
  };
  const time = await timed(once, sync);
  const [first] = await gpu.readFloats(out, 1);
  figures[name] = { ...time, first };
  gpu.release(left, right, out);
}
console.log(JSON.stringify({ adapter: gpu.facts.description, figures }));
gpu.close();
