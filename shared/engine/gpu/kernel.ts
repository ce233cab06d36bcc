// From a .wgsl file to a compute pipeline whose parameters and bindings go by name.
//
// Convention of every kernel file: binding 0 is `var<uniform> p: Params` (32-bit scalars only), bindings
// 1.. are storage buffers, the entry point is `main`. The names in the file are the names in TypeScript,
// so a forgotten or misspelt argument fails at the first dispatch instead of computing garbage.

import { replaced, withConstants } from "./shader.ts";

export interface Kernel {
  label: string;
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
  /** Fields of `struct Params`, in order. */
  params: { name: string; type: "u32" | "f32" | "i32" }[];
  /** The parameters go with the commands instead of through a uniform buffer. */
  immediate: boolean;
  /** Names of the storage bindings 1.., in order. */
  bindings: string[];
  /** Cached bind groups, keyed by buffer ids; emptied when a buffer is released. */
  bindGroups: Map<string, GPUBindGroup>;
}

/** Goes in front of kernels with subgroup operations. Lanes leave such kernels together: the analysis cannot see it. */
export const SUBGROUPS = "enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n";

/** Where every kernel declares its parameters. */
const UNIFORM = "@group(0) @binding(0) var<uniform> p: Params;";
/** What WebGPU guarantees for immediates, in bytes. */
export const IMMEDIATE_BYTES = 64;

const STORAGE = /@group\(0\)\s*@binding\((\d+)\)\s*var<storage,\s*(read|read_write)>\s*(\w+)\s*:/g;

/**
 * Compiles `wgsl`, with lines `const NAME = 1u;` (or `= 1.0;`) replaced by the given constants. With `immediates` the
 * parameters become immediate data, which spares a software adapter a fifth of what a small dispatch costs.
 * @throws Error when a constant has no such line or a binding is out of order.
 */
export function compileKernel(
  device: GPUDevice,
  label: string,
  wgsl: string,
  constants: Record<string, number>,
  immediates = false,
): Kernel {
  let code = withConstants(label, wgsl, constants);
  const params = paramsOf(label, code);
  const immediateSize = params.length * 4;
  const immediate = immediates && immediateSize <= IMMEDIATE_BYTES && code.includes(UNIFORM);
  if (immediate) {
    code = `requires immediate_address_space;\n${
      replaced(label, code, UNIFORM, "var<immediate> p: Params;")
    }`;
  }
  const bindings: string[] = [];
  const entries: GPUBindGroupLayoutEntry[] = immediate
    ? []
    : [{ binding: 0, visibility: 4, buffer: { type: "uniform", hasDynamicOffset: true } }];
  for (const [, index, access, name] of code.matchAll(STORAGE)) {
    if (Number(index) !== bindings.length + 1) {
      throw new Error(
        `Cannot compile ${label} as storage bindings go 1, 2, ... in order: ${name} has ${index}`,
      );
    }
    bindings.push(name!);
    const type = access === "read" ? "read-only-storage" : "storage";
    entries.push({ binding: Number(index), visibility: 4, buffer: { type } });
  }
  const layout = device.createBindGroupLayout({ label, entries });
  const module = device.createShaderModule({ label, code });
  const pipeline = device.createComputePipeline({
    label,
    layout: device.createPipelineLayout({
      label,
      bindGroupLayouts: [layout],
      ...(immediate && { immediateSize }),
    }),
    compute: { module, entryPoint: "main" },
  });
  return { label, pipeline, layout, params, immediate, bindings, bindGroups: new Map() };
}

function paramsOf(label: string, code: string): Kernel["params"] {
  const body = /struct Params\s*\{([^}]*)\}/.exec(code)?.[1];
  if (body === undefined) throw new Error(`Cannot compile ${label} as it has no \`struct Params\``);
  const fields = body.replace(/\/\/.*$/gm, "").matchAll(/(\w+)\s*:\s*(\w+)\s*,?/g);
  return [...fields].map(([, name, type]) => {
    if (type !== "u32" && type !== "f32" && type !== "i32") {
      throw new Error(`Cannot compile ${label} as Params holds 32-bit scalars only: ${name} is ${type}`);
    }
    return { name: name!, type };
  });
}
