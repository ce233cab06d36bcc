// Records dispatches into one compute pass and submits them.
//
// Parameters go with the commands or to a uniform arena with dynamic offsets (one write per submit); bind groups are
// cached per kernel and buffers. So a step is re-recorded each time as plain straight-line code, at about 2 us a
// dispatch, and there is no graph to keep in sync with the program.

import type { Gpu } from "./device.ts";
import { IMMEDIATE_BYTES, type Kernel } from "./kernel.ts";
import type { Work } from "./profiler.ts";

/** A whole buffer or a part of it; `offset` must respect minStorageBufferOffsetAlignment (256). */
export type Binding = GPUBuffer | { buffer: GPUBuffer; offset: number; size: number };

/** Workgroups along x, y, z; x may exceed the limit and is then folded into y (see `grid` in kernels). */
export type Grid = readonly [number, number?, number?];

/** Not in the types of every host. */
interface ImmediatePass {
  setImmediates(offset: number, data: Uint32Array): void;
}

const SLOT_BYTES = 256; // WebGPU's default minUniformBufferOffsetAlignment
const SLOTS = 512; // most dispatches of one submit: bounds the arena and the time per submit

export class Recorder {
  readonly #arena: GPUBuffer;
  readonly #staging = new DataView(new ArrayBuffer(SLOTS * SLOT_BYTES));
  readonly #immediates = new DataView(new ArrayBuffer(IMMEDIATE_BYTES));
  readonly #immediateWords = new Uint32Array(this.#immediates.buffer);
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #slot = 0;
  #arenaUsed = 0;
  /** Dispatches recorded since creation, for benches. */
  dispatches = 0;

  constructor(readonly gpu: Gpu) {
    const usage = 0x40 | 0x08; // UNIFORM | COPY_DST
    this.#arena = gpu.device.createBuffer({ label: "uniform arena", size: SLOTS * SLOT_BYTES, usage });
  }

  /** Records one dispatch; `params` and `bindings` are checked against the kernel's own names. */
  dispatch(
    kernel: Kernel,
    params: Record<string, number>,
    bindings: Record<string, Binding>,
    [x, y = 1, z = 1]: Grid,
  ): void {
    if (x * y * z === 0) return;
    const limit = this.gpu.device.limits.maxComputeWorkgroupsPerDimension;
    if (x > limit || y > limit || z > limit) {
      throw new RangeError(
        `Cannot dispatch ${kernel.label} as a grid side is at most ${limit}: current grid is ${x} x ${y} x ${z}`,
      );
    }
    if (this.#slot === SLOTS) this.submit();
    const offset = this.#slot++ * SLOT_BYTES;
    if (kernel.immediate) this.#writeParams(kernel, params, this.#immediates, 0);
    else this.#writeParams(kernel, params, this.#staging, offset);
    this.#beginPass(kernel, params, bindings);
    const pass = this.#pass!;
    pass.setPipeline(kernel.pipeline);
    const group = this.#bindGroup(kernel, bindings);
    if (kernel.immediate) {
      pass.setBindGroup(0, group);
      (pass as unknown as ImmediatePass).setImmediates(0, this.#immediateWords);
    } else {
      pass.setBindGroup(0, group, [offset]);
      this.#arenaUsed = offset + SLOT_BYTES;
    }
    pass.dispatchWorkgroups(x, y, z);
    this.dispatches++;
  }

  copy(from: GPUBuffer, fromOffset: number, to: GPUBuffer, toOffset: number, bytes: number): void {
    this.#endPass();
    this.#encoder!.copyBufferToBuffer(from, fromOffset, to, toOffset, bytes);
  }

  clear(buffer: GPUBuffer, offset = 0, bytes = buffer.size - offset): void {
    this.#endPass();
    this.#encoder!.clearBuffer(buffer, offset, bytes);
  }

  /** Sends everything recorded to the queue. Reads through `Gpu.read` then see the results. */
  submit(): void {
    if (!this.#encoder) return;
    this.#pass?.end();
    this.gpu.profiler?.resolve(this.#encoder);
    const used = this.#arenaUsed;
    if (used) this.gpu.device.queue.writeBuffer(this.#arena, 0, this.#staging.buffer, 0, used);
    this.gpu.device.queue.submit([this.#encoder.finish()]);
    this.#encoder = undefined;
    this.#pass = undefined;
    this.#slot = 0;
    this.#arenaUsed = 0;
  }

  destroy(): void {
    this.#arena.destroy();
  }

  #beginPass(kernel: Kernel, params: Record<string, number>, bindings: Record<string, Binding>): void {
    const { profiler } = this.gpu;
    const timestampWrites = profiler?.next(workOf(kernel, params, bindings));
    if (timestampWrites) this.#endPass();
    this.#encoder ??= this.gpu.device.createCommandEncoder();
    this.#pass ??= this.#encoder.beginComputePass(timestampWrites ? { timestampWrites } : {});
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
    this.#encoder ??= this.gpu.device.createCommandEncoder();
  }

  #writeParams(kernel: Kernel, params: Record<string, number>, to: DataView, offset: number): void {
    let at = offset;
    for (const { name, type } of kernel.params) {
      const value = params[name];
      if (value === undefined) {
        throw new TypeError(`Cannot dispatch ${kernel.label} as parameter ${name} is missing`);
      }
      if (type === "f32") to.setFloat32(at, value, true);
      else to.setUint32(at, value, true);
      at += 4;
    }
  }

  #bindGroup(kernel: Kernel, bindings: Record<string, Binding>): GPUBindGroup {
    let key = "";
    for (const name of kernel.bindings) {
      const binding = bindings[name];
      if (!binding) throw new TypeError(`Cannot dispatch ${kernel.label} as buffer ${name} is missing`);
      key += "buffer" in binding
        ? `${this.gpu.idOf(binding.buffer)}@${binding.offset}+${binding.size},`
        : `${this.gpu.idOf(binding)},`;
    }
    if (!kernel.immediate) key += this.gpu.idOf(this.#arena);
    let group = kernel.bindGroups.get(key);
    if (!group) {
      const arenaSlot = { buffer: this.#arena, offset: 0, size: SLOT_BYTES };
      const entries: GPUBindGroupEntry[] = kernel.immediate ? [] : [{ binding: 0, resource: arenaSlot }];
      for (const [index, name] of kernel.bindings.entries()) {
        const binding = bindings[name]!;
        entries.push({ binding: index + 1, resource: "buffer" in binding ? binding : { buffer: binding } });
      }
      group = this.gpu.device.createBindGroup({ label: kernel.label, layout: kernel.layout, entries });
      kernel.bindGroups.set(key, group);
    }
    return group;
  }
}

/** The kernels with rows, cols and inner are the matrix products. A buffer that is bound twice counts once. */
function workOf(kernel: Kernel, params: Record<string, number>, bindings: Record<string, Binding>): Work {
  const { rows = 0, cols = 0, inner = 0 } = params;
  const sizes = new Map<GPUBuffer, number>();
  for (const name of kernel.bindings) {
    const binding = bindings[name]!;
    sizes.set("buffer" in binding ? binding.buffer : binding, binding.size);
  }
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  return { label: kernel.label, flops: 2 * rows * cols * inner, bytes };
}

/** Workgroups for `threads` one-dimensional threads, folded into y past the grid limit (kernels unfold). */
export function linearGrid(threads: number, workgroupSize: number): Grid {
  const groups = Math.ceil(threads / workgroupSize);
  const side = 32768;
  return groups <= side ? [groups] : [side, Math.ceil(groups / side)];
}
