// LoRA (Hu et al. 2021): the model stays frozen, each target matrix W gets scale * A B of low rank beside it.
//
// Forward, generation and saving see W + scale * A B. A model in f32 has it merged into its own weights after every
// update, which is fastest and costs a frozen copy of the target matrices. A model in 16 bits stays as it is and takes
// the product in whenever a matrix is read (shared/engine/model/storage.ts): no copy, and the product is never rounded.
// A and B get their gradients from two thin products each and W gets none: with s = lora_alpha / r,
// dA = s x^T (dy B^T) and dB = s (x A)^T dy.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import { type Binding, Recorder } from "#shared/engine/gpu/recorder.ts";
import { matmulNN, matmulNT, matmulTN } from "#shared/engine/ops/matmul/matmul.ts";
import type { Source } from "#shared/engine/model/layout.ts";
import type { Model, Parameter } from "#shared/engine/model/weights.ts";
import { Random } from "#shared/problems/rng.ts";
import { LORA_MODULES } from "#shared/schemas/recipe.ts";
import { loraMerge, scaledColumns } from "#shared/engine/ops/lora/lora.ts";
import { Gradients, type Trainable, type WeightGradients } from "#shared/engine/backward/gradients.ts";

/** PEFT's names. */
export interface LoraSettings {
  /** Rank, a multiple of 4. */
  r: number;
  lora_alpha: number;
  target_modules: readonly string[];
}

/** The adapter of one Hugging Face matrix: columns of one of the model's parameters. */
interface Pair {
  source: Source;
  cols: number;
  a: Parameter; // (rows of the weight, r)
  b: Parameter; // (r, cols)
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
   * @throws RangeError for a rank that is no multiple of 4, TypeError for an unknown module.
   */
  constructor(readonly model: Model, readonly settings: LoraSettings, capacity: number, seed: number) {
    const { gpu } = model;
    this.gpu = gpu;
    this.#recorder = new Recorder(gpu);
    checkSettings(settings);
    for (const parameter of model.parameters()) {
      const own = parameter.sources.filter(({ name }) => settings.target_modules.includes(moduleOf(name)));
      if (own.length === 0 || parameter.rows === 1) continue; // biases are vectors of the same modules
      this.#pairs.set(parameter, own.map((source) => this.#pair(parameter, source)));
      if (parameter.dtype === "float32") {
        const base = gpu.allocate(`${parameter.name} frozen`, parameter.buffer.size);
        this.#recorder.copy(parameter.buffer, 0, base, 0, base.size);
        this.#base.set(parameter, base);
      } else {
        for (const { source, a, b } of this.#pairs.get(parameter)!) {
          const product = { a: a.buffer, b: b.buffer, rank: settings.r, scale: this.#scale };
          model.adapters.set(source.name, product);
        }
      }
    }
    if (model.dtype !== "float32") {
      const largest = Math.max(...[...this.#pairs.keys()].map(({ rows, cols }) => rows * cols));
      model.unpacked = gpu.allocate("unpacked matrix", largest * 4);
    }
    this.#recorder.submit();
    const random = new Random(seed);
    for (const { a } of this.#all()) {
      const bound = 1 / Math.sqrt(a.rows);
      gpu.write(
        a.buffer,
        Float32Array.from({ length: a.rows * a.cols }, () => (2 * random.real() - 1) * bound),
      );
    }
    this.gradients = new Gradients(this);
    const widest = Math.max(...this.#all().map(({ cols }) => cols));
    this.#scratch = {
      dy: gpu.allocate("lora dy", capacity * widest * 4),
      dyb: gpu.allocate("lora dy b^T", capacity * settings.r * 4),
      xa: gpu.allocate("lora x a", capacity * settings.r * 4),
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
    const { r } = this.settings;
    for (const { source, cols, a, b } of this.#pairs.get(parameter) ?? []) {
      const columns = { rows: tokens, stride, first: source.column, cols, scale: this.#scale };
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
      for (const { source, cols, a, b } of this.#pairs.get(parameter)!) {
        loraMerge(
          this.#recorder,
          { base, a: a.buffer, b: b.buffer, merged },
          { rows, stride, first: source.column, cols, rank: this.settings.r, scale: this.#scale },
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

  get #scale(): number {
    return this.settings.lora_alpha / this.settings.r;
  }

  #all(): Pair[] {
    return [...this.#pairs.values()].flat();
  }

  #pair(weight: Parameter, source: Source): Pair {
    const { r } = this.settings;
    const cols = source.shape[0]!;
    const module = `base_model.model.${source.name.replace(/\.weight$/, "")}`;
    const make = (kind: string, rows: number, cols: number): Parameter => {
      const name = `${module}.${kind}.weight`;
      const buffer = this.gpu.allocate(name, rows * cols * 4);
      const sources = [{ name, shape: [cols, rows], transposed: true, column: 0 }];
      return { name, rows, cols, decay: true, sources, buffer, dtype: "float32" };
    };
    return { source, cols, a: make("lora_A", weight.rows, r), b: make("lora_B", r, cols) };
  }
}

/** model.layers.0.self_attn.q_proj.weight -> q_proj */
function moduleOf(tensor: string): string {
  return tensor.split(".").at(-2)!;
}

function checkSettings({ r, target_modules }: LoraSettings): void {
  if (!(r > 0) || r % 4 !== 0) {
    throw new RangeError(`Cannot make adapters as r must be a multiple of 4: current value is ${r}`);
  }
  const unknown = target_modules.find((name) => !LORA_MODULES.some((known) => known === name));
  if (unknown !== undefined || target_modules.length === 0) {
    throw new TypeError(
      `Cannot make adapters as target_modules must be some of ${LORA_MODULES.join(", ")}: ` +
        `current value is ${unknown ?? "an empty list"}`,
    );
  }
}
