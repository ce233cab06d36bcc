// LoRA (Hu et al. 2021): the model stays frozen and each target matrix W gets a low-rank term scale * A B.
//
// Forward, generation and saving see W + scale * A B. A model in f32 has it merged into its own weights after every
// update, which is fastest and costs a frozen copy of the target matrices. A model in 16 bits stays as it is and takes
// the product in whenever a matrix is read (shared/engine/model/storage.ts): no copy, and the product is never rounded.
// A and B get their gradients from two thin products each and W gets none: with s = lora_alpha / r,
// dA = s x^T (dy B^T) and dB = s (x A)^T dy.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import { type Binding, Recorder } from "#shared/engine/gpu/recorder.ts";
import { matmulNN, matmulNT, matmulTN } from "#shared/engine/ops/matmul/matmul.ts";
import type { ParameterLayout, TensorSource } from "#shared/engine/model/layout.ts";
import type { Model, Parameter } from "#shared/engine/model/weights.ts";
import { Random } from "#shared/problems/rng.ts";
import { LORA_MODULES } from "#shared/schemas/recipe/learning.ts";
import { loraMerge, scaledColumns } from "#shared/engine/ops/lora/lora.ts";
import { Gradients, type Trainable, type WeightGradients } from "#shared/engine/backward/gradients.ts";

/** PEFT's names. */
export interface LoraSettings {
  /** Rank; on the GPU it is rounded up to a multiple of 4 with zeros, which stay zeros. */
  r: number;
  lora_alpha: number;
  /** The last parts of the modules' names: "q_proj", or all of "model.layers.0.self_attn.q_proj". */
  target_modules: readonly string[];
  /** Scales the product by alpha / sqrt(r) (Kalajdzievski 2023) and not by alpha / r. */
  use_rslora?: boolean;
  /** Other ranks and alphas of modules whose name ends in what a key, a regular expression, matches. */
  rank_pattern?: Readonly<Record<string, number>>;
  alpha_pattern?: Readonly<Record<string, number>>;
}

/** The adapter of one Hugging Face matrix: columns of one of the model's parameters. */
interface Pair {
  source: TensorSource;
  cols: number;
  /** Rounded up. */
  rank: number;
  scale: number;
  a: Parameter; // (rows of the weight, rank)
  b: Parameter; // (rank, cols)
}

export class Lora implements Trainable, WeightGradients {
  readonly gpu: Gpu;
  readonly gradients: Gradients;
  readonly #pairs = new Map<Parameter, Pair[]>();
  readonly #base = new Map<Parameter, GPUBuffer>();
  readonly #recorder: Recorder;
  readonly #scratch: { dy: GPUBuffer; dyb: GPUBuffer; xa: GPUBuffer };

  /**
   * Adapters whose product is zero at first: A uniform in +-1 / sqrt(inputs) as PEFT draws it, B zero.
   * @param capacity tokens of the largest batch
   * @param seed of A; null leaves it zero, for whoever loads or only counts adapters
   * @throws RangeError for a rank below 1, TypeError for an unknown module.
   */
  constructor(readonly model: Model, readonly settings: LoraSettings, capacity: number, seed: number | null) {
    const { gpu } = model;
    this.gpu = gpu;
    this.#recorder = new Recorder(gpu);
    checkSettings(settings);
    for (const parameter of model.parameters()) {
      const own = targetsOf(parameter, settings);
      if (own.length === 0) continue;
      this.#pairs.set(parameter, own.map((source) => this.#pair(parameter, source)));
      if (parameter.dtype === "float32") {
        const base = gpu.allocate(`${parameter.name} frozen`, parameter.buffer.size);
        this.#recorder.copy(parameter.buffer, 0, base, 0, base.size);
        this.#base.set(parameter, base);
      } else {
        for (const { source, a, b, rank, scale } of this.#pairs.get(parameter)!) {
          model.adapters.set(source.name, { a: a.buffer, b: b.buffer, rank, scale });
        }
      }
    }
    if (model.dtype !== "float32") {
      const largest = Math.max(...[...this.#pairs.keys()].map(({ rows, cols }) => rows * cols));
      model.unpacked = gpu.allocate("unpacked matrix", largest * 4);
    }
    this.#recorder.submit();
    const random = seed === null ? null : new Random(seed);
    for (const { a } of random ? this.#all() : []) {
      const bound = 1 / Math.sqrt(a.rows);
      const [rank] = a.sources[0]!.shape;
      const draw = (i: number) => i % a.cols < rank! ? (2 * random!.real() - 1) * bound : 0;
      gpu.write(a.buffer, Float32Array.from({ length: a.rows * a.cols }, (_, i) => draw(i)));
    }
    this.gradients = new Gradients(this);
    const widest = Math.max(...this.#all().map(({ cols }) => cols));
    const highest = Math.max(...this.#all().map(({ rank }) => rank));
    this.#scratch = {
      dy: gpu.allocate("lora dy", capacity * widest * 4),
      dyb: gpu.allocate("lora dy b^T", capacity * highest * 4),
      xa: gpu.allocate("lora x a", capacity * highest * 4),
    };
  }

  /** A and B of every pair, under PEFT's tensor names. */
  parameters(): readonly Parameter[] {
    return this.#all().flatMap(({ a, b }) => [a, b]);
  }

  /** The model's own parameters are frozen. */
  of(): undefined {
    return undefined;
  }

  addProduct(recorder: Recorder, parameter: Parameter, x: Binding, dy: Binding, tokens: number): void {
    const { dy: own, dyb, xa } = this.#scratch;
    const { rows, cols: stride } = parameter;
    for (const { source, cols, rank: r, scale, a, b } of this.#pairs.get(parameter) ?? []) {
      const columns = { rows: tokens, stride, first: source.column, cols, scale };
      scaledColumns(recorder, { x: dy, out: own }, columns);
      matmulNT(recorder, { x: own, w: b.buffer, out: dyb }, { rows: tokens, cols: r, inner: cols });
      const da = { x, y: dyb, out: this.gradients.of(a) };
      matmulTN(recorder, da, { rows, cols: r, inner: tokens, accumulate: true });
      matmulNN(recorder, { x, w: a.buffer, out: xa }, { rows: tokens, cols: r, inner: rows });
      const db = { x: xa, y: own, out: this.gradients.of(b) };
      matmulTN(recorder, db, { rows: r, cols, inner: tokens, accumulate: true });
    }
  }

  /** Weights in f32 := frozen weights + scale * A B. Call it after every update of the adapters. */
  merge(): void {
    for (const [parameter, base] of this.#base) {
      const { rows, cols: stride, buffer: merged } = parameter;
      for (const { source, cols, rank, scale, a, b } of this.#pairs.get(parameter)!) {
        loraMerge(
          this.#recorder,
          { base, a: a.buffer, b: b.buffer, merged },
          { rows, stride, first: source.column, cols, rank, scale },
        );
      }
    }
    this.#recorder.submit();
  }

  destroy(): void {
    for (const { source } of this.#all()) this.model.adapters.delete(source.name);
    if (this.model.unpacked) this.gpu.release(this.model.unpacked);
    this.model.unpacked = undefined;
    this.gradients.destroy();
    this.gpu.release(...this.parameters().map(({ buffer }) => buffer), ...this.#base.values());
    this.gpu.release(...Object.values(this.#scratch));
    this.#recorder.destroy();
  }

  #all(): Pair[] {
    return [...this.#pairs.values()].flat();
  }

  #pair(weight: Parameter, source: TensorSource): Pair {
    const { scale } = rankAndScale(moduleOf(source.name), this.settings);
    const tensors = tensorsOf(weight, source, this.settings);
    const rank = Math.ceil(tensors.a.shape[0]! / 4) * 4;
    const cols = source.shape[0]!;
    const make = ({ name, shape }: AdapterTensor, rows: number, cols: number): Parameter => {
      const buffer = this.gpu.allocate(name, rows * cols * 4);
      const sources = [{ name, shape, transposed: true, column: 0 }];
      return { name, rows, cols, decay: true, sources, buffer, dtype: "float32" };
    };
    return {
      source,
      cols,
      rank,
      scale,
      a: make(tensors.a, weight.rows, rank),
      b: make(tensors.b, rank, cols),
    };
  }
}

export interface AdapterTensor {
  name: string;
  shape: number[];
}

/** The tensors that a file of such adapters holds, by PEFT's names. */
export function adapterTensors(layouts: readonly ParameterLayout[], settings: LoraSettings): AdapterTensor[] {
  checkSettings(settings);
  return layouts.flatMap((layout) =>
    targetsOf(layout, settings).flatMap((source) => Object.values(tensorsOf(layout, source, settings)))
  );
}

/** The matrices of a parameter that get adapters; biases are vectors of the same modules. */
function targetsOf({ rows, sources }: ParameterLayout, { target_modules }: LoraSettings): TensorSource[] {
  return rows === 1 ? [] : sources.filter(({ name }) => isTarget(moduleOf(name), target_modules));
}

function tensorsOf({ rows }: ParameterLayout, { name, shape }: TensorSource, settings: LoraSettings) {
  const { r } = rankAndScale(moduleOf(name), settings);
  const tensor = (kind: string, own: number[]): AdapterTensor => ({
    name: `base_model.model.${moduleOf(name)}.${kind}.weight`,
    shape: own,
  });
  return { a: tensor("lora_A", [r, rows]), b: tensor("lora_B", [shape[0]!, r]) };
}

/** model.layers.0.self_attn.q_proj.weight -> model.layers.0.self_attn.q_proj */
function moduleOf(tensor: string): string {
  return tensor.replace(/\.weight$/, "");
}

function isTarget(module: string, targets: readonly string[]): boolean {
  return targets.some((target) => module === target || module.endsWith(`.${target}`));
}

/** As PEFT: the first key of a pattern that matches decides. */
function rankAndScale(module: string, settings: LoraSettings): { r: number; scale: number } {
  const of = (pattern: Readonly<Record<string, number>> = {}) =>
    Object.entries(pattern).find(([key]) => matches(key, module))?.[1];
  const r = of(settings.rank_pattern) ?? settings.r;
  const alpha = of(settings.alpha_pattern) ?? settings.lora_alpha;
  return { r, scale: alpha / (settings.use_rslora ? Math.sqrt(r) : r) };
}

/** The keys of rank_pattern and alpha_pattern that mean none of the matrices that get adapters. */
export function uselessPatterns(layouts: readonly ParameterLayout[], settings: LoraSettings): string[] {
  const modules = layouts.flatMap((layout) => targetsOf(layout, settings)).map(({ name }) => moduleOf(name));
  const keys = [settings.rank_pattern, settings.alpha_pattern].flatMap((own) => Object.keys(own ?? {}));
  return keys.filter((key) => !modules.some((module) => matches(key, module)));
}

function matches(key: string, module: string): boolean {
  return new RegExp(`^(.*\\.)?(${key})$`).test(module);
}

function checkSettings({ r, target_modules, rank_pattern = {} }: LoraSettings): void {
  const wrong = [r, ...Object.values(rank_pattern)].find((rank) => !Number.isInteger(rank) || rank < 1);
  if (wrong !== undefined) {
    throw new RangeError(`Cannot make adapters as r must be a positive integer: current value is ${wrong}`);
  }
  const unknown = target_modules.find((name) => !LORA_MODULES.some((known) => isTarget(name, [known])));
  if (unknown !== undefined || target_modules.length === 0) {
    throw new TypeError(
      `Cannot make adapters as target_modules must be some of ${LORA_MODULES.join(", ")}: ` +
        `current value is ${unknown ?? "an empty list"}`,
    );
  }
}
