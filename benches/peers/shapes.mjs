// The products that every peer computes, and how each is timed: the same numbers, the same repeats.

import process from "node:process";
import { sleepUntil } from "#shared/engine/gpu/wait.ts";

/** NN: x (rows, inner) w (inner, cols); NT: w is (cols, inner); TN: x is (inner, rows). All row-major f32. */
export const SHAPES = [
  { name: "NN 512x512x512", kind: "NN", rows: 512, cols: 512, inner: 512 },
  { name: "NT 512x512x512", kind: "NT", rows: 512, cols: 512, inner: 512 },
  { name: "TN 512x512x512", kind: "TN", rows: 512, cols: 512, inner: 512 },
  // A 1M-parameter model (hidden 128, MLP 352) on 2,048 tokens: forward, input gradient, weight gradient.
  { name: "NN qkv 2048x256x128", kind: "NN", rows: 2048, cols: 256, inner: 128 },
  { name: "NN gate_up 2048x704x128", kind: "NN", rows: 2048, cols: 704, inner: 128 },
  { name: "NN down 2048x128x352", kind: "NN", rows: 2048, cols: 128, inner: 352 },
  { name: "NT gate_up 2048x128x704", kind: "NT", rows: 2048, cols: 128, inner: 704 },
  { name: "TN gate_up 128x704x2048", kind: "TN", rows: 128, cols: 704, inner: 2048 },
];

/** The same operands for everybody, small enough that no sum overflows. */
export function operands(rows, cols, inner) {
  const fill = (count, step) => Float32Array.from({ length: count }, (_, i) => ((i * step) % 17 - 8) / 16);
  return { x: fill(rows * inner, 7), w: fill(inner * cols, 5) };
}

/**
 * Wall and processor seconds of one call: medians of samples of `calls` calls between two waits for the device, after
 * one sample that compiles and warms. No result is read back. On a software adapter the shaders run in this process,
 * so its processor time is the work itself and says more than the wall clock on a machine with other programs.
 * With GHPO_NAPS=1 every program sleeps while it waits, as this engine does by itself: what is left is the kernels.
 * @param {() => void} once
 * @param {() => Promise<unknown>} sync
 */
export async function timed(once, sync, { calls = 4, samples = 5 } = {}) {
  const wait = () => process.env.GHPO_NAPS === "1" ? sleepUntil(sync()) : sync();
  const wall = [];
  const cpu = [];
  for (let sample = -1; sample < samples; sample++) {
    await wait();
    const began = performance.now();
    const used = process.cpuUsage();
    for (let call = 0; call < calls; call++) once();
    await wait();
    const { user, system } = process.cpuUsage(used);
    if (sample < 0) continue;
    wall.push((performance.now() - began) / 1000 / calls);
    cpu.push((user + system) / 1e6 / calls);
  }
  const median = (all) => all.sort((a, b) => a - b)[Math.floor(samples / 2)];
  return { wall_s: median(wall), cpu_s: median(cpu) };
}
