// Opening a WebGPU device, whatever the host: Dawn under Bun or Node, Deno's own WebGPU, a browser. The caller brings
// the host's `GPU` object; features that only some hosts have are detected here and in adapter.ts.
//
// A `Gpu` owns every buffer made through it (counted in bytes), remembers the first validation error,
// and turns a lost device into an error at the next read instead of a hang.

import {
  type AdapterFacts,
  guessProfile,
  type HalfUnits,
  halfUnitsOf,
  lanesOfMatrixUnits,
  MATRIX_FEATURE,
  type Profile,
} from "./adapter.ts";
import { compileKernel, IMMEDIATE_BYTES, type Kernel } from "./kernel.ts";
import type { Profiler } from "./profiler.ts";
import { Readback } from "./readback.ts";
import { type ShaderText, textOf } from "./shader.ts";
import { sleepUntil } from "./wait.ts";

/**
 * Kernels for the matrix products: portable, through workgroup memory, for subgroups of 8 lanes, by matrix units for f32
 * and by matrix units for f16.
 */
export const PRODUCTS = ["base", "workgroup", "subgroups8", "matrix", "matrix_f16"] as const;
export type Products = typeof PRODUCTS[number];

/** Limits asked for at the adapter's own maximum; everything else stays at the WebGPU default. */
const WANTED_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupStorageSize",
] as const;

/** Features used when present; no kernel's base variant needs one. */
const WANTED_FEATURES = ["timestamp-query", "subgroups", "shader-f16"];

export interface OpenOptions {
  /** "high-performance" picks the discrete GPU of a laptop. */
  powerPreference?: GPUPowerPreference;
  /** Overrides the profile guessed from the adapter. */
  profile?: Profile;
  /** "base" keeps to the portable kernels; "auto", the default, takes faster ones where the adapter has them. */
  variants?: "auto" | "base";
}

export class DeviceLostError extends Error {
  override name = "DeviceLostError" as const;
}

/**
 * Opens the default adapter of `entry` with the largest buffers it offers.
 * @throws Error when there is no adapter.
 */
export async function openGpu(entry: GPU | undefined, options: OpenOptions = {}): Promise<Gpu> {
  const adapter = await entry?.requestAdapter({
    powerPreference: options.powerPreference ?? "high-performance",
  });
  if (!adapter) {
    throw new Error(
      "Cannot open a GPU as no usable WebGPU adapter was found: install a Vulkan, Metal or Direct3D 12 driver, or run `npm test` or `npm run demo`, which fetch a software one",
    );
  }
  const requiredLimits: Record<string, number> = {};
  for (const name of WANTED_LIMITS) {
    const value = adapter.limits[name];
    if (value !== undefined) requiredLimits[name] = value;
  }
  // Neither is in the types of every host.
  const { wgslLanguageFeatures } = entry as { wgslLanguageFeatures?: ReadonlySet<string> };
  const { maxImmediateSize = 0 } = adapter.limits as { maxImmediateSize?: number };
  const immediates = wgslLanguageFeatures?.has("immediate_address_space") === true &&
    maxImmediateSize >= IMMEDIATE_BYTES;
  if (immediates) requiredLimits.maxImmediateSize = IMMEDIATE_BYTES;
  const { info } = adapter;
  const facts: AdapterFacts = {
    vendor: info.vendor,
    architecture: info.architecture,
    device: info.device,
    description: info.description,
    features: [...adapter.features].sort(),
    limits: requiredLimits,
  };
  const profile = options.profile ?? guessProfile(facts);
  const units = options.variants !== "base" && profile === "gpu";
  const matrixLanes = units ? lanesOfMatrixUnits(adapter) : 0;
  const halfUnits = units ? halfUnitsOf(adapter) : undefined;
  const features = matrixLanes > 0 || halfUnits ? [...WANTED_FEATURES, MATRIX_FEATURE] : WANTED_FEATURES;
  const requiredFeatures = features.filter((name) =>
    adapter.features.has(name as GPUFeatureName)
  ) as GPUFeatureName[];
  const device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
  const gpu = new Gpu(device, facts, profile);
  gpu.matrixLanes = matrixLanes;
  gpu.halfUnits = halfUnits;
  gpu.subgroups8 = options.variants !== "base" && device.features.has("subgroups" as GPUFeatureName) &&
    info.subgroupMinSize === 8 && info.subgroupMaxSize === 8;
  gpu.immediates = immediates && gpu.profile === "cpu"; // tried on software adapters only
  // The host's own WebGPU waits well by itself.
  const native = (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
  gpu.sleepsWhileWaiting = gpu.profile === "cpu" && entry !== native;
  return gpu;
}

export const LARGEST_COPY = 64 << 20;

export class Gpu {
  /** Bytes in buffers made by `allocate` and not yet released. */
  liveBytes = 0;
  /** The largest `liveBytes` so far. */
  peakBytes = 0;
  /** Whether to use the kernels made for subgroups of exactly 8 lanes; tests switch it off to compare. */
  subgroups8 = false;
  /** Lanes of the largest subgroup where subgroups multiply f32 matrices of 8 x 8, elsewhere 0. */
  matrixLanes = 0;
  /** Matrix units that take f16, where the adapter has some. */
  halfUnits: HalfUnits | undefined;
  /** What was chosen for the matrix products; by default they go by `subgroups8`. */
  chosen: Products | undefined;
  /** Whether parameters go with the commands, which few hosts offer. */
  immediates = false;
  /** Whether to sleep while waiting, so that the adapter has all processors to itself. */
  sleepsWhileWaiting = false;
  /**
   * Most bytes of weights that are copied to decode with few dispatches: those of a larger model are not what its time
   * goes into. Tests lower it to see a small model decoded as a large one.
   */
  largestCopy = LARGEST_COPY;
  /** Bytes that one binding may cover; tests lower it to see large matrices bound in parts. */
  bindingBytes: number;
  /** When set, the time of every dispatch is taken. */
  profiler: Profiler | undefined;
  /** For writable bindings that a variant of a kernel never touches. */
  readonly unused: GPUBuffer;
  readonly #kernels = new Map<string, Kernel>();
  readonly #sources = new Map<string, ShaderText>();
  readonly #ids = new WeakMap<GPUBuffer, number>();
  readonly #readback: Readback;
  #nextId = 1;
  #failure: Error | undefined;

  constructor(readonly device: GPUDevice, readonly facts: AdapterFacts, readonly profile: Profile) {
    this.#readback = new Readback(device, (work) => this.until(work));
    this.bindingBytes = device.limits.maxStorageBufferBindingSize;
    this.unused = device.createBuffer({ label: "unused", size: 16, usage: 0x80 }); // STORAGE
    device.lost.then((info) => {
      this.#failure ??= new DeviceLostError(
        `Cannot continue as the GPU device was lost (${info.reason}): ${info.message}`,
      );
    });
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault(); // Dawn prints to stdout otherwise, which corrupts --json output
      this.#failure ??= new Error(
        `Cannot continue as WebGPU refused a command: ${(event as GPUUncapturedErrorEvent).error.message}`,
      );
    });
  }

  get products(): Products {
    return this.chosen ?? (this.subgroups8 ? "subgroups8" : "base");
  }

  /** Whether the adapter has what these kernels need. */
  offers(products: Products): boolean {
    if (products === "subgroups8") return this.subgroups8;
    if (products === "matrix_f16") return this.halfUnits !== undefined;
    return products !== "matrix" || this.matrixLanes > 0;
  }

  /** The kernels in use, for run manifests: sums may differ in the last bits from one choice to another. */
  get variants(): string {
    const others = this.subgroups8 ? "subgroups8" : "base";
    return this.products === others ? others : `${others}, products ${this.products}`;
  }

  /** Throws what the device reported since it was opened: validation errors arrive late in WebGPU. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** A zeroed storage buffer of `bytes` bytes (rounded up to 4), usable as copy source and target. */
  allocate(label: string, bytes: number): GPUBuffer {
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    const limit = this.device.limits.maxBufferSize;
    if (size > limit) {
      throw new RangeError(
        `Cannot allocate ${label} as one buffer holds at most ${limit} bytes: current size is ${size} bytes`,
      );
    }
    const usage = 0x80 | 0x04 | 0x08; // STORAGE | COPY_SRC | COPY_DST, spelled out: the constants are per host
    const buffer = this.device.createBuffer({ label, size, usage });
    this.liveBytes += size;
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes);
    return buffer;
  }

  /** Allocates and fills a buffer from a typed array. */
  upload(label: string, data: Float32Array | Uint32Array | Int32Array): GPUBuffer {
    const buffer = this.allocate(label, data.byteLength);
    this.write(buffer, data);
    return buffer;
  }

  /** Overwrites a buffer from byte `offset`; in chunks, as staging memory grows with one large write. */
  write(buffer: GPUBuffer, data: Float32Array | Uint32Array | Int32Array, offset = 0): void {
    const chunk = 64 << 20;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    for (let at = 0; at < bytes.byteLength; at += chunk) {
      const part = bytes.subarray(at, Math.min(at + chunk, bytes.byteLength));
      this.device.queue.writeBuffer(buffer, offset + at, part as Uint8Array<ArrayBuffer>);
    }
  }

  /** Copies bytes back once all submitted work is done. */
  async read(buffer: GPUBuffer, offset = 0, bytes = buffer.size - offset): Promise<ArrayBuffer> {
    this.check();
    const result = await this.#readback.read(buffer, offset, bytes).catch((cause) => {
      this.check();
      throw cause;
    });
    this.check();
    return result;
  }

  /** Waits for the device's answer to `work`. */
  async until<T>(work: Promise<T>): Promise<T> {
    return await (this.sleepsWhileWaiting ? sleepUntil(work) : work);
  }

  /** Waits for everything submitted. */
  async idle(): Promise<void> {
    await this.until(this.device.queue.onSubmittedWorkDone());
    this.check();
  }

  async readFloats(buffer: GPUBuffer, count = buffer.size / 4, first = 0): Promise<Float32Array> {
    return new Float32Array(await this.read(buffer, first * 4, count * 4));
  }

  async readWords(buffer: GPUBuffer, count = buffer.size / 4, first = 0): Promise<Uint32Array> {
    return new Uint32Array(await this.read(buffer, first * 4, count * 4));
  }

  /** Frees buffers now: GPU memory exerts no pressure on the garbage collector. */
  release(...buffers: GPUBuffer[]): void {
    for (const buffer of buffers) {
      this.liveBytes -= buffer.size;
      buffer.destroy();
    }
    for (const kernel of this.#kernels.values()) kernel.bindGroups.clear();
  }

  /**
   * The compiled kernel of a WGSL text; compiled once per label and constants.
   * @throws Error when another text goes by this label, or the text is not as kernel.ts describes.
   */
  kernel(label: string, source: ShaderText, constants: Record<string, number> = {}): Kernel {
    const known = this.#sources.get(label);
    if (known !== undefined && known !== source) {
      throw new Error(`Cannot compile ${label} as another shader text already has this label`);
    }
    this.#sources.set(label, source);
    const key = `${label} ${JSON.stringify(constants)}`;
    let kernel = this.#kernels.get(key);
    if (!kernel) {
      kernel = compileKernel(this.device, label, textOf(source), constants, this.immediates);
      this.#kernels.set(key, kernel);
    }
    return kernel;
  }

  /** A small number that names a buffer, for bind-group cache keys. */
  idOf(buffer: GPUBuffer): number {
    let id = this.#ids.get(buffer);
    if (id === undefined) {
      id = this.#nextId++;
      this.#ids.set(buffer, id);
    }
    return id;
  }

  close(): void {
    this.#readback.close();
    this.device.destroy();
  }
}
