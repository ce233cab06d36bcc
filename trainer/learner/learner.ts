// The learner turns (tokens, coefficients) into gradients: d loss / d log-prob of every completion token times
// the gradient of that log-prob. It knows nothing of rewards, advantages or clipping.
//
// Sequences are packed into micro-batches of at most `micro_batch_tokens`, in which shared prefixes, such as the prompt
// of a group, are computed once, forward and backward; all GPU memory is allocated when the learner is made.

import { Recorder } from "#shared/engine/gpu/recorder.ts";
import { Activations } from "#shared/engine/forward/activations.ts";
import { pack } from "#shared/engine/forward/packing.ts";
import { forward } from "#shared/engine/forward/forward.ts";
import { Head } from "#shared/engine/forward/head.ts";
import type { HfTensor } from "#shared/engine/model/layout.ts";
import type { Model } from "#shared/engine/model/weights.ts";
import { backward } from "#shared/engine/backward/backward.ts";
import { Gradients } from "#shared/engine/backward/gradients.ts";
import type { Lora } from "#shared/engine/lora/lora.ts";
import {
  checkCoefficients,
  inputOf,
  type LearnerSequence,
  microBatches,
  type Predictions,
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

/** A forward pass: its scores, and the sequences that its backward is of. It holds no GPU memory. */
export interface ForwardPass extends Scores {
  readonly sequences: readonly LearnerSequence[];
}

export interface LearnerSettings {
  micro_batch_tokens: number;
  /** Logits are divided by it, as they were when sampled. */
  temperature: number;
  /** Keeps only the input of each block and computes the rest again in the backward. Same numbers, less memory. */
  gradient_checkpointing?: boolean;
  /** How the forward keeps activations for the backward. In bf16 log-probs stay the same bits, gradients do not. */
  activations_dtype?: SavedDtype;
  /** Whether sequences share what they begin with, by default; otherwise each is computed by itself. */
  share_prefixes?: boolean;
}

export class Learner {
  readonly gradients: Gradients;
  readonly #settings: LearnerSettings;
  readonly #recorder: Recorder;
  readonly #activations: Activations;
  readonly #head: Head;
  readonly #scratch: Scratch;
  readonly #saved: SavedBlocks | undefined;
  /** Of the micro-batch last recorded. */
  #predictions: Predictions | undefined;
  /** The pass whose activations, all of them, are in memory. */
  #resident: ForwardPass | undefined;

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
  async forward(sequences: readonly LearnerSequence[]): Promise<ForwardPass> {
    const parts = this.#parts(sequences, sequences.keys());
    const pass = { ...await this.#scores(sequences, parts, this.model), sequences };
    if (parts.length === 1 && parts[0]!.length === sequences.length) this.#resident = pass;
    return pass;
  }

  /** The same under another model of the same shapes, such as the reference of a KL penalty; without backward. */
  score(model: Model, batch: readonly LearnerSequence[]): Promise<Scores> {
    return this.#scores(batch, this.#parts(batch, batch.keys()), model);
  }

  /**
   * Adds sum(coefficient * d log-prob) over the sequences of a forward pass to the gradients, at the weights of now.
   * The last pass, if it was one micro-batch, is not computed again; any other is, without the sequences whose
   * coefficients are all zero.
   */
  async backward(pass: ForwardPass, coefficients: readonly Float32Array[]): Promise<void> {
    if (this.#resident !== pass) {
      await this.accumulate(pass.sequences, coefficients);
      return;
    }
    checkCoefficients(pass.sequences, coefficients);
    this.#resident = undefined;
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
    const scores = emptyScores(batch.length);
    const live = [...batch.keys()].filter((i) => coefficients[i]!.some((c) => c !== 0));
    for (const indices of this.#parts(batch, live)) {
      const sequences = indices.map((i) => batch[i]!);
      this.#recordForward(sequences, this.model);
      this.#recordBackward(indices.map((i) => coefficients[i]!));
      await this.#readScores(indices, scores);
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
    const scores = emptyScores(batch.length);
    for (const indices of parts) {
      this.#recordForward(indices.map((i) => batch[i]!), model);
      await this.#readScores(indices, scores);
    }
    return scores;
  }

  #parts(batch: readonly LearnerSequence[], indices: Iterable<number>): number[][] {
    const { micro_batch_tokens, share_prefixes } = this.#settings;
    return microBatches(batch, indices, micro_batch_tokens, share_prefixes);
  }

  #recordForward(sequences: readonly LearnerSequence[], model: Model): void {
    this.#resident = undefined;
    const batch = pack(sequences.map(inputOf), this.#settings.share_prefixes);
    this.#predictions = predictions(batch, sequences);
    const { rows, targets } = this.#predictions;
    this.#activations.load(batch);
    this.#scratch.load(batch, rows);
    this.#head.load(rows, targets);
    if (this.#saved) this.#saved.forward(this.#recorder, model, this.#activations);
    else forward(this.#recorder, model, this.#activations);
    this.#head.forward(this.#recorder, model, this.#activations.x, this.#settings.temperature);
  }

  #recordBackward(coefficients: readonly Float32Array[]): void {
    const { gpu } = this.model;
    const sums = new Float64Array(this.#head.count);
    for (const [i, own] of this.#predictions!.of.entries()) {
      own.forEach((prediction, t) => sums[prediction]! += coefficients[i]![t]!);
    }
    gpu.write(this.#scratch.coefficients, Float32Array.from(sums));
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
  async #readScores(indices: readonly number[], scores: Scores) {
    this.#recorder.submit();
    const { gpu } = this.model;
    const { logProb, entropy, count } = this.#head;
    const [logprobs, entropies] = await Promise.all([
      gpu.readFloats(logProb, count),
      gpu.readFloats(entropy, count),
    ]);
    for (const [n, own] of this.#predictions!.of.entries()) {
      scores.logprobs[indices[n]!] = Float32Array.from(own, (prediction) => logprobs[prediction]!);
      scores.entropy[indices[n]!] = Float32Array.from(own, (prediction) => entropies[prediction]!);
    }
  }
}

function emptyScores(count: number): Scores {
  const empty = () => Array.from({ length: count }, () => new Float32Array());
  return { logprobs: empty(), entropy: empty() };
}
