// Test helpers: the one GPU of a test process, deterministic inputs, closeness with a useful message.
// The same kernel tests run on Dawn (Bun) and on Deno's own WebGPU.

import { after } from "node:test";
import assert from "node:assert/strict";
import type { Dtype } from "#shared/engine/ops/storage/dtype.ts";
import { type Gpu, openGpu } from "./device.ts";
import { Recorder } from "./recorder.ts";

let opened: Promise<Gpu> | undefined;

/** The host's GPU: `navigator.gpu` under Deno, Dawn elsewhere. Opened once per test process. */
export function testGpu(): Promise<Gpu> {
  opened ??= (async () => openGpu(await hostGpu()))();
  return opened;
}

export async function hostGpu(): Promise<GPU> {
  const native = (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
  if (native) return native;
  // A computed path: neither Deno nor an edge bundler should see Dawn through this helper.
  const path = "../hosts/dawn.ts";
  return ((await import(path)) as { dawn: () => GPU }).dawn();
}

/**
 * Opens this adapter as if it were a hardware GPU, so that there are kernels to choose from. Call it at a test file's
 * top level: what it opened is closed after the tests of the file.
 */
export function hardwareGpus(): () => Promise<Gpu> {
  const opened: Gpu[] = [];
  after(() => opened.forEach((gpu) => gpu.close()));
  return async () => {
    const gpu = await openGpu(await hostGpu(), { profile: "gpu" });
    opened.push(gpu);
    return gpu;
  };
}

/** Why a test of weights of this type is skipped on an adapter, or false. */
export function unreadable(gpu: Gpu, dtype: Dtype): string | false {
  return dtype === "float16" && !gpu.device.features.has("shader-f16")
    ? "the adapter has no shader-f16"
    : false;
}

/** Runs `record` against a fresh recorder and submits. */
export async function run(record: (recorder: Recorder) => void): Promise<void> {
  const recorder = new Recorder(await testGpu());
  record(recorder);
  recorder.submit();
}

/** Uniform numbers in [-scale, scale) from a fixed integer hash, so that a failure repeats. */
export function noise(count: number, seed: number, scale = 1): Float32Array {
  const out = new Float32Array(count);
  let state = (seed * 2654435761) >>> 0;
  for (let i = 0; i < count; i++) {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    out[i] = (((z ^ (z >>> 16)) >>> 0) / 2 ** 31 - 1) * scale;
  }
  return out;
}

/** Asserts max |actual - expected| <= tolerance * max(1, max |expected|), naming the worst element. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = "values",
): void {
  assert.equal(actual.length, expected.length, `${what}: lengths differ`);
  let scale = 1;
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]!));
  let worst = -1;
  let at = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!);
    if (!(error <= worst)) { // a NaN error is the worst of all
      worst = error;
      at = i;
      if (Number.isNaN(error)) break;
    }
  }
  const message = `${what}: element ${at} is ${actual[at]}, expected ${expected[at]} (allowed error ${
    tolerance * scale
  })`;
  assert.ok(worst <= tolerance * scale, message);
}
