// A GPU that computes nothing and counts what is allocated: constructors and whole steps run on it as on a real one, so
// what a run will take is known beforehand, without an adapter. What is read back is zero.

import { Gpu } from "./device.ts";

/** What decides how much is allocated. */
export interface Limits {
  /** Largest buffer, and largest part of one that a kernel may see. */
  buffer: number;
  binding: number;
  /** Whether it has the kernels for subgroups of 8 lanes, which decode small models from a copy of their weights. */
  subgroups8: boolean;
  /** Most bytes of that copy. */
  largestCopy: number;
}

export function limitsOf({ device, bindingBytes, subgroups8, largestCopy }: Gpu): Limits {
  return { buffer: device.limits.maxBufferSize, binding: bindingBytes, subgroups8, largestCopy };
}

export interface CountedBuffer {
  label: string;
  bytes: number;
  /** The phase in which it was allocated. */
  phase: string;
}

export interface Counter {
  gpu: Gpu;
  /** Names what is being done from now on. */
  begin(phase: string): void;
  /** Buffers that are not destroyed, in the order of their allocation. */
  live(): CountedBuffer[];
}

export function countingGpu(limits: Limits): Counter {
  const live = new Set<CountedBuffer>();
  let phase = "";
  const createBuffer = ({ label = "", size }: GPUBufferDescriptor) => {
    const counted = { label, bytes: size, phase };
    live.add(counted);
    return {
      size,
      destroy: () => live.delete(counted),
      mapAsync: () => Promise.resolve(),
      getMappedRange: () => ({ slice: (from: number, to: number) => zeros(to - from) }),
      unmap: nothing,
    };
  };
  const device = { ...IDLE, limits: deviceLimits(limits), createBuffer } as unknown as GPUDevice;
  const gpu = new Gpu(device, { ...NOBODY, limits: {} }, "gpu");
  gpu.bindingBytes = limits.binding;
  gpu.subgroups8 = limits.subgroups8;
  gpu.largestCopy = limits.largestCopy;
  return { gpu, begin: (name) => phase = name, live: () => [...live] };
}

/** Of what is this large, such as a matrix, nobody looks at the numbers. */
const UNREAD = 16 << 20;

function zeros(bytes: number): ArrayBuffer {
  return new ArrayBuffer(bytes < UNREAD ? bytes : 0);
}

const NOBODY = { vendor: "", architecture: "", device: "counting", description: "", features: [] };

/** WebGPU's defaults, but for the size of a buffer: whoever counts sees by himself which one is too large. */
function deviceLimits({ binding }: Limits): Partial<GPUSupportedLimits> {
  return {
    maxBufferSize: Infinity,
    maxStorageBufferBindingSize: binding,
    maxComputeWorkgroupsPerDimension: 65535,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupSizeX: 256,
    maxComputeWorkgroupStorageSize: 16384,
    maxStorageBuffersPerShaderStage: 8,
  };
}

const nothing = () => {};
const anything = () => ({});
const PASS = {
  setPipeline: nothing,
  setBindGroup: nothing,
  setImmediates: nothing,
  dispatchWorkgroups: nothing,
  end: nothing,
};
const ENCODER = {
  beginComputePass: () => PASS,
  copyBufferToBuffer: nothing,
  clearBuffer: nothing,
  resolveQuerySet: nothing,
  finish: anything,
};
/** A device of which everything succeeds at once. */
const IDLE = {
  features: new Set(["shader-f16", "subgroups"]),
  lost: new Promise<never>(nothing),
  addEventListener: nothing,
  createBindGroupLayout: anything,
  createShaderModule: anything,
  createPipelineLayout: anything,
  createComputePipeline: anything,
  createBindGroup: anything,
  createCommandEncoder: () => ENCODER,
  queue: { writeBuffer: nothing, submit: nothing, onSubmittedWorkDone: () => Promise.resolve() },
  destroy: nothing,
};
