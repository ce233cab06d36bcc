// The policy on the GPU: the shared engine's model and generator, the learner and the optimizer behind the interface
// that the loops see (policy.ts).

import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { type Gpu, openGpu } from "#shared/engine/gpu/device.ts";
import { selfTest } from "#shared/engine/ops/matmul/exact_products.ts";
import { chooseProducts } from "#shared/engine/ops/matmul/race_cache.ts";
import { SafetensorsFile, writeSafetensors } from "#shared/io/safetensors.ts";
import { loadTokenizer } from "#shared/io/tokenizer_files.ts";
import type { Dtype } from "#shared/engine/ops/storage/dtype.ts";
import { WeightFiles } from "#shared/io/weights.ts";
import { Generator } from "#shared/engine/generation/generate.ts";
import { randomModel } from "#shared/engine/model/initialise.ts";
import { checkEnds, loadConfig, loadModel, readWeights } from "#shared/engine/model/load.ts";
import { saveModel } from "#shared/engine/model/save.ts";
import type { Model } from "#shared/engine/model/weights.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { Lora, type LoraSettings } from "#shared/engine/lora/lora.ts";
import { loadAdapters, readAdapterSettings, saveAdapters } from "#shared/engine/lora/peft.ts";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import { useKernels } from "../run/kernel_choice.ts";
import { Learner, type LearnerSettings } from "./learner.ts";
import { Optimizer, type OptimizerSettings } from "./optimizer.ts";
import { checkPlan, limitsOf, plan, type PlanSettings } from "../memory/plan.ts";
import { NonFiniteError } from "../run/nonfinite.ts";
import type {
  LearnerSequence,
  Sample,
  SampleOptions,
  SampleRequest,
  Scores,
  StoredPolicy,
} from "./policy.ts";
import { SOLO, type Team } from "../team/team.ts";

/** Files that are copied beside the saved weights. */
const COPIED_FILES = [
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "chat_template.jinja",
  "special_tokens_map.json",
];
/** Adapters in a folder of their own: next to model weights, peft would add them to those a second time. */
const ADAPTERS = "adapter";
const OPTIMIZER_FILE = "optimizer.safetensors";
/** Number of updates, among the moments. */
const STEPS = "steps";

export interface EngineOptions {
  /** Directory with config.json and tokenizer, and with weights unless `randomSeed` is given. */
  model: string;
  /** Random initial weights from this seed. */
  randomSeed?: number;
  learner: LearnerSettings;
  optimizer: OptimizerSettings;
  /** Whether a copy of the initial model is kept for the KL penalty. */
  reference: boolean;
  /** Trains adapters from this seed, or from those of a directory, instead of the weights. */
  lora?: LoraSettings & { seed: number; adapter?: string | null };
  /** How the weights are stored on the GPU; anything but float32 needs `lora`. */
  weights_dtype?: Dtype;
  /** Most completions sampled side by side. */
  rows?: number;
  /** "base" for the portable kernels alone. */
  variants?: "auto" | "base";
  /** Those of the checkpoint that a run resumes from, as its manifest names them. */
  kernels?: string | undefined;
  /** Checked against the adapter before anything is loaded. */
  plan?: PlanSettings;
  /** The ranks that train this model together, which use rank 0's kernels; alone unless given. */
  team?: Team;
}

/** Opens the GPU, checks that it computes correctly, and loads a model for training. */
export async function openEngine(options: EngineOptions): Promise<EnginePolicy> {
  const tokenizer = loadTokenizer(options.model);
  const config = loadConfig(options.model);
  checkEnds(config, options.model);
  tokenizer.limit(config.vocab_size);
  const { team = SOLO } = options;
  const gpu = await openGpu(dawn(), { variants: options.variants ?? "auto" });
  await selfTest(gpu);
  const kernels = await team.fromFirst("the choice of kernels", async () => {
    if (options.kernels !== undefined) await useKernels(gpu, options.kernels);
    else if (options.variants !== "base") await chooseProducts(gpu);
    return gpu.variants;
  });
  if (!team.first) await useKernels(gpu, kernels);
  if (options.plan) refuseTooLarge(options.plan, gpu);
  const load = () =>
    options.randomSeed === undefined
      ? loadModel(gpu, options.model, options.weights_dtype)
      : randomModel(gpu, config, options.randomSeed, options.weights_dtype);
  return new EnginePolicy(load(), options.reference ? load() : null, tokenizer, options);
}

/** WebGPU does not say how much memory there is; a software adapter has the machine's. */
function refuseTooLarge(settings: PlanSettings, gpu: Gpu): void {
  const limits = limitsOf(gpu);
  checkPlan(plan(settings, limits), limits, gpu.profile === "cpu" ? totalmem() : Infinity);
}

export class EnginePolicy implements StoredPolicy {
  readonly facts: StoredPolicy["facts"];
  readonly #generator: Generator;
  readonly #lora: Lora | undefined;
  readonly #learner: Learner;
  readonly #optimizer: Optimizer;

  constructor(
    readonly model: Model,
    readonly referenceModel: Model | null,
    readonly tokenizer: Tokenizer,
    readonly options: EngineOptions,
  ) {
    const { gpu, config } = model;
    this.facts = {
      model_type: config.model_type,
      adapter: gpu.facts.description || gpu.facts.device || gpu.facts.vendor,
      kernel_variants: { profile: gpu.profile, kernels: gpu.variants },
    };
    const { learner, lora, rows } = options;
    this.#generator = new Generator(model, rows === undefined ? {} : { rows });
    // Of adapters to start from, what a recipe does not say is theirs.
    const settings = lora?.adapter ? { ...readAdapterSettings(lora.adapter), ...lora } : lora;
    this.#lora = settings && new Lora(model, settings, learner.micro_batch_tokens, settings.seed);
    if (this.#lora && lora?.adapter) loadAdapters(this.#lora, lora.adapter);
    this.#learner = new Learner(model, learner, this.#lora);
    this.#optimizer = new Optimizer(this.#lora ?? model, this.#learner.gradients.buffers, options.optimizer);
  }

  generate(requests: SampleRequest[], options: SampleOptions): Promise<Sample[][]> {
    return this.#generator.generate(requests, options);
  }

  forward(batch: LearnerSequence[]): Promise<Scores> {
    return this.#learner.forward(batch);
  }

  backward(coefficients: Float32Array[]): Promise<void> {
    return this.#learner.backward(coefficients);
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

  gpuBytes(): number {
    return this.model.gpu.liveBytes;
  }

  async reference(batch: LearnerSequence[]): Promise<Float32Array[]> {
    return (await this.#learner.score(this.referenceModel!, batch)).logprobs;
  }

  /** With adapters, the merged model; the adapters themselves are written next to it as files of the PEFT library. */
  async saveModel(directory: string): Promise<void> {
    await saveModel(this.model, directory);
    if (this.#lora) {
      mkdirSync(join(directory, ADAPTERS), { recursive: true });
      await saveAdapters(this.#lora, join(directory, ADAPTERS), this.options.model);
    }
    for (const name of COPIED_FILES) {
      const source = join(this.options.model, name);
      if (existsSync(source)) copyFileSync(source, join(directory, name));
    }
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
