// The learner turns (tokens, coefficients) into gradients: d loss / d log-prob of every completion token times
// the gradient of that log-prob. It knows nothing of rewards, advantages or clipping.
//
// Sequences are packed back to back into micro-batches of at most `micro_batch_tokens`; all GPU memory is
// allocated when the learner is made.

import { Recorder } from "#shared/engine/gpu/recorder.ts";
import { Activations } from "#shared/engine/forward/activations.ts";
import { pack } from "#shared/engine/forward/batch.ts";
import { forward } from "#shared/engine/forward/forward.ts";
import { Head } from "#shared/engine/forward/head.ts";
import type { HfTensor, Model } from "#shared/engine/model/weights.ts";
import { backward } from "#shared/engine/backward/backward.ts";
import { Gradients } from "#shared/engine/backward/gradients.ts";
import type { Lora } from "#shared/engine/lora/lora.ts";
import {
  checkCoefficients,
  completionLength,
  type LearnerSequence,
  microBatches,
  predictions,
} from "#shared/engine/backward/micro_batches.ts";
import { SavedBlocks, type SavedDtype } from "#shared/engine/backward/saved_blocks.ts";
import { Scratch } from "#shared/engine/backward/scratch.ts";

export type { LearnerSequence };

/** Per sequence, per completion token, in nats; empty for a sequence that was not computed. */
export interface Scores {
  logprobs: Float32Array[];
  entropy: Float32Array[];
}

export interface LearnerSettings {
  micro_batch_tokens: number;
  /** Logits are divided by it, as they were when sampled. */
  temperature: number;
  /** Keeps only the input of each block and computes the rest again in the backward. Same numbers, less memory. */
  gradient_checkpointing?: boolean;
  /** How the forward keeps activations for the backward. In bf16 log-probs stay the same bits, gradients do not. */
  activations_dtype?: SavedDtype;
}

export class Learner {
  readonly gradients: Gradients;
  readonly #settings: LearnerSettings;
  readonly #recorder: Recorder;
  readonly #activations: Activations;
  readonly #head: Head;
  readonly #scratch: Scratch;
  readonly #saved: SavedBlocks | undefined;
  #batch: readonly LearnerSequence[] = [];
  /** Whether the activations of the whole of #batch are still there. */
  #resident = false;

  /** With `lora`, its adapters get the gradients and the model none. */
  constructor(readonly model: Model, settings: LearnerSettings, readonly lora?: Lora) {
    const { gpu, config } = model;
    this.#settings = { ...settings };
    this.#recorder = new Recorder(gpu);
    if (model.dtype !== "float32" && !lora) {
      throw new RangeError(
        `Cannot train all weights as they must be stored as float32, in which small updates add up: current type is ` +
          model.dtype,
      );
    }
    this.gradients = lora?.gradients ?? new Gradients(model);
    const { micro_batch_tokens: tokens, gradient_checkpointing: checkpointing = false } = settings;
    const { activations_dtype: dtype = "float32" } = settings;
    const all = !checkpointing && dtype === "float32";
    this.#activations = new Activations(gpu, config, tokens, {
      save: all || (!checkpointing && "attention"),
    });
    this.#saved = all ? undefined : new SavedBlocks(gpu, config, tokens, { checkpointing, dtype });
    this.#head = new Head(gpu, config, tokens);
    this.#scratch = new Scratch(gpu, config, tokens);
  }

  /** Log-probs and entropies of every completion token. */
  async forward(batch: readonly LearnerSequence[]): Promise<Scores> {
    const parts = microBatches(batch, batch.keys(), this.#settings.micro_batch_tokens);
    const scores = await this.#scores(batch, parts, this.model);
    this.#batch = batch;
    this.#resident = parts.length === 1 && parts[0]!.length === batch.length;
    return scores;
  }

  /** The same under another model of the same shapes, such as the reference of a KL penalty; without backward. */
  score(model: Model, batch: readonly LearnerSequence[]): Promise<Scores> {
    return this.#scores(batch, microBatches(batch, batch.keys(), this.#settings.micro_batch_tokens), model);
  }

  /**
   * Adds sum(coefficient * d log-prob) over the batch of the last `forward` to the gradients. A batch of one
   * micro-batch is not computed again, a larger one is, without the sequences whose coefficients are all zero.
   */
  async backward(coefficients: readonly Float32Array[]): Promise<void> {
    if (!this.#resident) {
      await this.accumulate(this.#batch, coefficients);
      return;
    }
    checkCoefficients(this.#batch, coefficients);
    this.#recordBackward(coefficients);
    this.#recorder.submit();
  }

  /**
   * Forward and backward in one pass for coefficients that are known beforehand (ratio 1, cross-entropy). Sequences
   * whose coefficients are all zero are not computed and get no scores.
   */
  async accumulate(
    batch: readonly LearnerSequence[],
    coefficients: readonly Float32Array[],
  ): Promise<Scores> {
    checkCoefficients(batch, coefficients);
    this.#resident = false;
    const scores = emptyScores(batch.length);
    const live = [...batch.keys()].filter((i) => coefficients[i]!.some((c) => c !== 0));
    for (const indices of microBatches(batch, live, this.#settings.micro_batch_tokens)) {
      const sequences = indices.map((i) => batch[i]!);
      this.#recordForward(sequences, this.model);
      this.#recordBackward(indices.map((i) => coefficients[i]!));
      await this.#readScores(batch, indices, scores);
    }
    return scores;
  }

  /** Logits are divided by it from now on, as they are when sampled. */
  setTemperature(temperature: number): void {
    this.#settings.temperature = temperature;
  }

  zeroGradients(): void {
    this.gradients.clear(this.#recorder);
    this.#recorder.submit();
  }

  /** The accumulated gradients by Hugging Face's tensor names. */
  readGradients(): Promise<HfTensor[]> {
    return this.gradients.read();
  }

  destroy(): void {
    if (!this.lora) this.gradients.destroy();
    for (const part of [this.#activations, this.#head, this.#scratch, this.#recorder]) {
      part.destroy();
    }
    this.#saved?.destroy();
  }

  async #scores(batch: readonly LearnerSequence[], parts: readonly number[][], model: Model) {
    this.#resident = false;
    const scores = emptyScores(batch.length);
    for (const indices of parts) {
      this.#recordForward(indices.map((i) => batch[i]!), model);
      await this.#readScores(batch, indices, scores);
    }
    return scores;
  }

  #recordForward(sequences: readonly LearnerSequence[], model: Model): void {
    const batch = pack(sequences.map(({ ids }) => ids));
    this.#activations.load(batch);
    this.#scratch.load(sequences.map(({ ids }) => ids.length), batch.ids);
    const { rows, targets } = predictions(sequences);
    this.#head.load(rows, targets);
    if (this.#saved) this.#saved.forward(this.#recorder, model, this.#activations);
    else forward(this.#recorder, model, this.#activations);
    this.#head.forward(this.#recorder, model, this.#activations.x, this.#settings.temperature);
  }

  #recordBackward(coefficients: readonly Float32Array[]): void {
    const { gpu } = this.model;
    const all = new Float32Array(this.#head.count);
    let at = 0;
    for (const own of coefficients) {
      all.set(own, at);
      at += own.length;
    }
    gpu.write(this.#scratch.coefficients, all);
    backward(
      this.#recorder,
      this.model,
      this.#activations,
      this.#head,
      this.lora ?? this.gradients,
      this.#scratch,
      this.#settings.temperature,
      this.#saved,
    );
  }

  /** Submits and takes the log-probs and entropies of the micro-batch apart. */
  async #readScores(batch: readonly LearnerSequence[], indices: readonly number[], scores: Scores) {
    this.#recorder.submit();
    const { gpu } = this.model;
    const { logProb, entropy, count } = this.#head;
    const [logprobs, entropies] = await Promise.all([
      gpu.readFloats(logProb, count),
      gpu.readFloats(entropy, count),
    ]);
    let at = 0;
    for (const i of indices) {
      const end = at + completionLength(batch[i]!);
      scores.logprobs[i] = logprobs.slice(at, end);
      scores.entropy[i] = entropies.slice(at, end);
      at = end;
    }
  }
}

function emptyScores(count: number): Scores {
  const empty = () => Array.from({ length: count }, () => new Float32Array());
  return { logprobs: empty(), entropy: empty() };
}
