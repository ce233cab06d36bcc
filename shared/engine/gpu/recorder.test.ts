import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { compileKernel } from "./kernel.ts";
import { linearGrid, Recorder } from "./recorder.ts";
import { testGpu } from "./testing.ts";

const ADD = `
const STEP = 1u;
const SCALE: f32 = 1.0;
struct Params {
  count: u32,
  offset: f32, // added to each
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if (i < p.count) { out[i] = SCALE * x[i * STEP] + p.offset; }
}`;

const gpu = await testGpu();

describe("Recorder", () => {
  it("runs dispatches in order, each with its own parameters, across submits of a full arena", async () => {
    const recorder = new Recorder(gpu);
    const [a, b] = [gpu.upload("a", Float32Array.of(1, 2, 3)), gpu.allocate("b", 12)];
    const kernel = gpu.kernel("add", ADD);
    const pairs = 300; // 600 dispatches: more than one arena holds
    for (let i = 0; i < pairs; i++) {
      recorder.dispatch(kernel, { count: 3, offset: 2 }, { x: a, out: b }, [1]);
      recorder.dispatch(kernel, { count: 3, offset: -1 }, { x: b, out: a }, [1]);
    }
    recorder.submit();
    assert.equal(recorder.dispatches, 2 * pairs);
    assert.deepEqual([...await gpu.readFloats(a)], [301, 302, 303]);
    recorder.destroy();
    gpu.release(a, b);
  });

  it("takes parameters as immediates and from the arena in one pass, with the same result", async (t) => {
    if (!gpu.immediates) return t.skip("the adapter is used without immediates");
    const recorder = new Recorder(gpu);
    const [a, b] = [gpu.upload("a", Float32Array.of(1, 2, 3)), gpu.allocate("b", 12)];
    const kernels = [true, false].map((immediates) => compileKernel(gpu.device, "add", ADD, {}, immediates));
    assert.deepEqual(kernels.map(({ immediate }) => immediate), [true, false]);
    for (const [i, kernel] of [...kernels, ...kernels].entries()) {
      const [x, out] = i % 2 === 0 ? [a, b] : [b, a];
      recorder.dispatch(kernel, { count: 3, offset: i + 1 }, { x, out }, [1]);
    }
    recorder.submit();
    assert.deepEqual([...await gpu.readFloats(a)], [11, 12, 13]);
    recorder.destroy();
    gpu.release(a, b);
  });

  it("keeps to the arena where a kernel has more parameters than immediates hold", () => {
    const fields = Array.from({ length: 16 }, (_, i) => `extra${i}: u32,`).join(" ");
    const source = ADD.replace("count: u32,", `count: u32, ${fields}`);
    assert.equal(compileKernel(gpu.device, "wide", source, {}, gpu.immediates).immediate, false);
  });

  it("binds parts of buffers, copies and clears in between", async () => {
    const recorder = new Recorder(gpu);
    const [a, b] = [gpu.upload("a", Float32Array.from({ length: 130 }, (_, i) => i)), gpu.allocate("b", 12)];
    const kernel = gpu.kernel("add", ADD);
    const part = { buffer: a, offset: 256, size: 264 };
    recorder.dispatch(kernel, { count: 3, offset: 0 }, { x: part, out: b }, [1]);
    recorder.copy(b, 0, a, 0, 8);
    recorder.clear(b, 8, 4);
    recorder.submit();
    assert.deepEqual([...await gpu.readFloats(a, 3)], [64, 65, 2]);
    assert.deepEqual([...await gpu.readFloats(b)], [64, 65, 0]);
    recorder.destroy();
    gpu.release(a, b);
  });

  it("names a missing parameter, a missing buffer and a grid that is too large", () => {
    const recorder = new Recorder(gpu);
    const kernel = gpu.kernel("add", ADD);
    const a = gpu.allocate("a", 4);
    assert.throws(() => recorder.dispatch(kernel, { count: 1 }, { x: a, out: a }, [1]), {
      message: "Cannot dispatch add as parameter offset is missing",
    });
    assert.throws(() => recorder.dispatch(kernel, { count: 1, offset: 0 }, { x: a }, [1]), {
      message: "Cannot dispatch add as buffer out is missing",
    });
    assert.throws(() => recorder.dispatch(kernel, { count: 1, offset: 0 }, { x: a, out: a }, [70000]), {
      message: "Cannot dispatch add as a grid side is at most 65535: current grid is 70000 x 1 x 1",
    });
    recorder.destroy();
    gpu.release(a);
  });

  it("folds long one-dimensional grids, which kernels unfold", async () => {
    assert.deepEqual(linearGrid(65, 64), [2]);
    assert.deepEqual(linearGrid(64 * 32768 + 1, 64), [32768, 2]);
    const count = 64 * 32768 + 5;
    const recorder = new Recorder(gpu);
    const [a, b] = [gpu.allocate("a", count * 4), gpu.allocate("b", count * 4)];
    recorder.dispatch(gpu.kernel("add", ADD), { count, offset: 3 }, { x: a, out: b }, linearGrid(count, 64));
    recorder.submit();
    assert.deepEqual([...await gpu.readFloats(b, 2, count - 2)], [3, 3]);
    recorder.destroy();
    gpu.release(a, b);
  });
});

describe("compileKernel()", () => {
  it("replaces constants, keeping their type", async () => {
    const recorder = new Recorder(gpu);
    const [a, b] = [gpu.upload("a", Float32Array.of(1, 2, 3)), gpu.allocate("b", 8)];
    const kernel = gpu.kernel("add", ADD, { STEP: 2, SCALE: 10 });
    recorder.dispatch(kernel, { count: 2, offset: 0 }, { x: a, out: b }, [1]);
    recorder.submit();
    assert.deepEqual([...await gpu.readFloats(b)], [10, 30]);
    recorder.destroy();
    gpu.release(a, b);
  });

  it("refuses a second text under one label", () => {
    gpu.kernel("add", ADD);
    assert.throws(() => gpu.kernel("add", `${ADD}\n`), {
      message: "Cannot compile add as another shader text already has this label",
    });
    assert.throws(() => gpu.kernel("add", () => ADD), /another shader text/);
  });

  const broken: [string, string, Record<string, number>, string][] = [
    ["a constant that is not there", ADD, { OTHER: 1 }, "it has no line `const OTHER = ...;`"],
    [
      "bindings out of order",
      ADD.replace("@binding(2)", "@binding(3)"),
      {},
      "storage bindings go 1, 2, ... in order: out has 3",
    ],
    ["no parameters", ADD.replace("struct Params", "struct Other"), {}, "it has no `struct Params`"],
    [
      "a vector among the parameters",
      ADD.replace("offset: f32", "offset: vec2f"),
      {},
      "Params holds 32-bit scalars only: offset is vec2f",
    ],
  ];
  for (const [what, source, constants, reason] of broken) {
    it(`refuses ${what}`, () => {
      assert.throws(() => gpu.kernel(what, source, constants), {
        message: `Cannot compile ${what} as ${reason}`,
      });
    });
  }
});
