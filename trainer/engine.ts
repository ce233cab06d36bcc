// The policy on the GPU: the shared engine's model and generator, the learner and the optimizer behind the interface
// that the loops see (policy.ts).

import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { openGpu } from "#shared/gpu/device.ts";
import { selfTest } from "#shared/gpu/self_test.ts";
import { SafetensorsFile, writeSafetensors } from "#shared/io/safetensors.ts";
import { loadTokenizer } from "#shared/io/tokenizer_files.ts";
import { WeightFiles } from "#shared/io/weights.ts";
import { Generator } from "#shared/model/generate.ts";
import { randomModel } from "#shared/model/initialise.ts";
import { loadConfig, loadModel } from "#shared/model/load.ts";
import { saveModel } from "#shared/model/save.ts";
import { fromHf, type Model } from "#shared/model/weights.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { dawn } from "./dawn.ts";
import { Learner, type LearnerSettings } from "./learner.ts";
import { Optimizer, type OptimizerSettings } from "./optimizer.ts";
import type {
  LearnerSequence,
  Sample,
  SampleOptions,
  SampleRequest,
  Scores,
  StoredPolicy,
} from "./policy.ts";

const TOKENIZER_FILES = [
  "tokenizer.json",
  "tokenizer_config.json",
  "chat_template.jinja",
  "special_tokens_map.json",
];
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
}

/** Opens the GPU, checks that it computes rightly, and loads a model for training. */
export async function openEngine(options: EngineOptions): Promise<EnginePolicy> {
  const tokenizer = loadTokenizer(options.model);
  const config = loadConfig(options.model);
  if (tokenizer.vocabSize > config.vocab_size) {
    throw new RangeError(
      `Cannot train ${options.model} as its tokenizer may have at most ${config.vocab_size} tokens, the vocabulary ` +
        `of its model: current number is ${tokenizer.vocabSize}`,
    );
  }
  const gpu = await openGpu(dawn());
  await selfTest(gpu);
  const load = () =>
    options.randomSeed === undefined
      ? loadModel(gpu, options.model)
      : randomModel(gpu, config, options.randomSeed);
  return new EnginePolicy(load(), options.reference ? load() : null, tokenizer, options);
}

export class EnginePolicy implements StoredPolicy {
  readonly facts: StoredPolicy["facts"];
  readonly #generator: Generator;
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
      kernel_variants: { profile: gpu.profile },
    };
    this.#generator = new Generator(model);
    this.#learner = new Learner(model, options.learner);
    this.#optimizer = new Optimizer(model, this.#learner.gradients.buffers, options.optimizer);
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
    if (Number.isFinite(grad_norm)) return { grad_norm };
    throw new Error(
      `Cannot update the weights as the gradient norm must be finite: current value is ${grad_norm}; ` +
        "lower the learning rate",
    );
  }

  gpuBytes(): number {
    return this.model.gpu.liveBytes;
  }

  async reference(batch: LearnerSequence[]): Promise<Float32Array[]> {
    return (await this.#learner.score(this.referenceModel!, batch)).logprobs;
  }

  async saveModel(directory: string): Promise<void> {
    await saveModel(this.model, directory);
    for (const name of TOKENIZER_FILES) {
      const source = join(this.options.model, name);
      if (existsSync(source)) copyFileSync(source, join(directory, name));
    }
  }

  async saveOptimizer(directory: string): Promise<void> {
    const steps = { name: STEPS, shape: [1], data: Float32Array.of(this.#optimizer.steps) };
    writeSafetensors(join(directory, OPTIMIZER_FILE), [...await this.#optimizer.state(), steps]);
  }

  restore(directory: string): Promise<void> {
    const weights = new WeightFiles(directory);
    const moments = new SafetensorsFile(join(directory, OPTIMIZER_FILE));
    try {
      for (const parameter of this.model.parameters()) {
        const data = fromHf(parameter, ({ name, shape }) => weights.read(name, shape));
        this.model.gpu.write(parameter.buffer, data);
      }
      this.#optimizer.load((name, shape) => moments.read(name, shape), moments.read(STEPS, [1])[0]!);
    } finally {
      weights.close();
      moments.close();
    }
    return Promise.resolve();
  }

  /** Frees the GPU; the policy cannot be used afterwards. */
  close(): void {
    this.model.gpu.close();
  }
}
