// The policy on the GPU: the shared engine's model and generator, the learner and the optimizer behind the interface
// that the loops see (policy.ts).

import { copyTokenizer } from "#shared/io/tokenizer_files.ts";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { SafetensorsFile } from "#shared/io/safetensors.ts";
import { writeSafetensors } from "#shared/io/safetensors_writer.ts";
import { WeightFiles } from "#shared/io/weights.ts";
import { Generator } from "#shared/engine/generation/generate.ts";
import { readWeights } from "#shared/engine/model/load.ts";
import { saveModel } from "#shared/engine/model/save.ts";
import type { Model } from "#shared/engine/model/weights.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { Lora } from "#shared/engine/lora/lora.ts";
import { adapterSettings, loadAdapters, type LoraRecipe, saveAdapters } from "#shared/engine/lora/peft.ts";
import { Learner, type LearnerSettings } from "./learner.ts";
import { Optimizer, type OptimizerSettings } from "./optimizer.ts";
import { NonFiniteError } from "../run/nonfinite.ts";
import type {
  ForwardPass,
  GenerationRequest,
  LearnerSequence,
  Sample,
  SampleOptions,
  StoredPolicy,
} from "./policy.ts";

/** Adapters in a folder of their own: next to model weights, peft would add them to those a second time. */
const ADAPTERS = "adapter";
const OPTIMIZER_FILE = "optimizer.safetensors";
/** Number of updates, among the moments. */
const STEPS = "steps";

export interface PolicyOptions {
  /** Directory of the model, whose tokenizer files are saved with the weights. */
  model: string;
  learner: LearnerSettings;
  optimizer: OptimizerSettings;
  /** Trains adapters instead of the weights: those of a directory, or from this seed, or (null) all zero. */
  lora?: LoraRecipe & { seed: number | null };
  /** Most completions sampled side by side. */
  rows?: number;
  /** How checkpoints keep a model with adapters; one that is trained itself is kept as it is. */
  save?: { adapter_only: boolean; dtype: "float32" | "bfloat16" };
}

export class EnginePolicy implements StoredPolicy {
  readonly facts: StoredPolicy["facts"];
  /** Bytes of GPU memory that were planned, by what they are for. */
  memory: Record<string, number> | undefined;
  readonly #generator: Generator;
  readonly #lora: Lora | undefined;
  readonly #learner: Learner;
  readonly #optimizer: Optimizer;

  constructor(
    readonly model: Model,
    readonly referenceModel: Model | null,
    readonly tokenizer: Tokenizer,
    readonly options: PolicyOptions,
  ) {
    const { gpu, config } = model;
    this.facts = {
      model_type: config.model_type,
      adapter: gpu.facts.description || gpu.facts.device || gpu.facts.vendor,
      kernel_variants: { profile: gpu.profile, kernels: gpu.variants },
    };
    const { learner, lora, rows } = options;
    this.#generator = new Generator(model, rows === undefined ? {} : { rows });
    this.#lora = lora &&
      new Lora(model, adapterSettings(lora), learner.micro_batch_tokens, lora.adapter ? null : lora.seed);
    if (this.#lora && lora?.adapter) loadAdapters(this.#lora, lora.adapter);
    this.#learner = new Learner(model, learner, this.#lora);
    this.#optimizer = new Optimizer(this.#lora ?? model, this.#learner.gradients.buffers, options.optimizer);
  }

  generate(requests: readonly GenerationRequest[], options: SampleOptions): Promise<Sample[][]> {
    return this.#generator.generate(requests, options);
  }

  forward(batch: LearnerSequence[]): Promise<ForwardPass> {
    return this.#learner.forward(batch);
  }

  backward(pass: ForwardPass, coefficients: Float32Array[]): Promise<void> {
    return this.#learner.backward(pass, coefficients);
  }

  async step(learningRate: number): Promise<{ grad_norm: number }> {
    const { grad_norm } = await this.#optimizer.step(learningRate);
    if (Number.isFinite(grad_norm)) {
      this.#lora?.merge();
      return { grad_norm };
    }
    throw new NonFiniteError("gradient norm", grad_norm);
  }

  get gradientLength(): number {
    return this.#gradientBuffers.reduce((sum, buffer) => sum + buffer.size / 4, 0);
  }

  async takeGradients(into: Float32Array): Promise<void> {
    let at = 0;
    for (const buffer of this.#gradientBuffers) {
      into.set(await this.model.gpu.readFloats(buffer), at);
      at += buffer.size / 4;
    }
    this.#learner.zeroGradients();
  }

  putGradients(from: Float32Array): void {
    let at = 0;
    for (const buffer of this.#gradientBuffers) {
      this.model.gpu.write(buffer, from.subarray(at, at += buffer.size / 4));
    }
  }

  get #gradientBuffers(): readonly GPUBuffer[] {
    return this.#learner.gradients.buffers;
  }

  async digest(): Promise<string> {
    const hash = createHash("sha256");
    const { gpu } = this.model;
    const weights = (this.#lora ?? this.model).parameters().map(({ buffer }) => buffer);
    for (const buffer of [...weights, ...this.#optimizer.buffers()]) {
      hash.update(new Uint8Array(await gpu.read(buffer)));
    }
    return hash.update(String(this.#optimizer.steps)).digest("hex");
  }

  discard(): void {
    this.#learner.zeroGradients();
  }

  setTemperature(temperature: number): void {
    this.#learner.setTemperature(temperature);
  }

  prefilledTokens(): number {
    return this.#generator.prefilledTokens;
  }

  gpuBytes(): number {
    return this.model.gpu.liveBytes;
  }

  async reference(batch: LearnerSequence[]): Promise<Float32Array[]> {
    return (await this.#learner.score(this.referenceModel!, batch)).logprobs;
  }

  /** With adapters, the merged model, unless they alone are kept; they are written next to it as files of the PEFT library. */
  async saveModel(directory: string): Promise<void> {
    const { model, save } = this.options;
    if (this.#lora) {
      mkdirSync(join(directory, ADAPTERS), { recursive: true });
      await saveAdapters(this.#lora, join(directory, ADAPTERS), model);
      if (save?.adapter_only) return;
    }
    await saveModel(this.model, directory, { dtype: save?.dtype === "bfloat16" ? "BF16" : "F32" });
    copyTokenizer(model, directory);
    const generation = join(model, "generation_config.json");
    if (existsSync(generation)) copyFileSync(generation, join(directory, "generation_config.json"));
  }

  /** What samplers elsewhere need: all weights, or the adapters alone and the model that they began with. */
  async saveSampling(directory: string): Promise<{ base: string | null }> {
    if (!this.#lora) {
      await saveModel(this.model, directory);
      return { base: null };
    }
    await saveAdapters(this.#lora, directory, this.options.model);
    return { base: this.options.model };
  }

  async saveOptimizer(directory: string): Promise<void> {
    const steps = { name: STEPS, shape: [1], data: Float32Array.of(this.#optimizer.steps) };
    writeSafetensors(join(directory, OPTIMIZER_FILE), [...await this.#optimizer.state(), steps]);
  }

  restore(directory: string): Promise<void> {
    if (this.#lora) loadAdapters(this.#lora, join(directory, ADAPTERS)); // the frozen weights are there already
    else this.#restoreWeights(directory);
    const moments = new SafetensorsFile(join(directory, OPTIMIZER_FILE));
    try {
      this.#optimizer.load(
        (name, shape, rows) => moments.read(name, shape, rows),
        moments.read(STEPS, [1])[0]!,
      );
    } finally {
      moments.close();
    }
    return Promise.resolve();
  }

  #restoreWeights(directory: string): void {
    const weights = new WeightFiles(directory);
    try {
      readWeights(this.model, weights);
    } finally {
      weights.close();
    }
  }

  /** Frees the buffers and leaves the GPU open. */
  destroy(): void {
    for (const part of [this.#optimizer, this.#learner, this.#generator, this.#lora, this.referenceModel]) {
      part?.destroy();
    }
    this.model.destroy();
  }

  /** Frees the GPU; the policy cannot be used afterwards. */
  close(): void {
    this.model.gpu.close();
  }
}
