// The learner turns (tokens, coefficients) into gradients: d loss / d log-prob of every completion token times
// the gradient of that log-prob. It knows nothing of rewards, advantages or clipping.
//
// Sequences are packed back to back into micro-batches of at most `micro_batch_tokens`; all GPU memory is
// allocated when the learner is made.

import { Recorder } from "#shared/gpu/recorder.ts";
import { Activations } from "#shared/model/activations.ts";
import { pack } from "#shared/model/batch.ts";
import { forward } from "#shared/model/forward.ts";
import { Head } from "#shared/model/head.ts";
import type { HfTensor, Model } from "#shared/model/weights.ts";
import { backward } from "./backward/backward.ts";
import { BlockInputs } from "./backward/block_inputs.ts";
import { Gradients } from "./backward/gradients.ts";
import { Scratch } from "./backward/scratch.ts";

/** Prompt and completion tokens in one list; only the completion, from `prompt_length` (>= 1) on, is scored. */
export interface LearnerSequence {
  ids: ArrayLike<number>;
  prompt_length: number;
}

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
}

export class Learner {
  readonly gradients: Gradients;
  readonly #settings: LearnerSettings;
  readonly #recorder: Recorder;
  readonly #activations: Activations;
  readonly #head: Head;
  readonly #scratch: Scratch;
  readonly #inputs: BlockInputs | undefined;
  #batch: readonly LearnerSequence[] = [];
  /** Whether the activations of the whole of #batch are still there. */
  #resident = false;

  constructor(readonly model: Model, settings: LearnerSettings) {
    const { gpu, config } = model;
    this.#settings = settings;
    this.#recorder = new Recorder(gpu);
    this.gradients = new Gradients(model);
    const { micro_batch_tokens: tokens, gradient_checkpointing: checkpointing = false } = settings;
    this.#activations = new Activations(gpu, config, tokens, { save: !checkpointing });
    this.#inputs = checkpointing ? new BlockInputs(gpu, config, tokens) : undefined;
    this.#head = new Head(gpu, config, tokens);
    this.#scratch = new Scratch(gpu, config, tokens);
  }

  /** Log-probs and entropies of every completion token. */
  async forward(batch: readonly LearnerSequence[]): Promise<Scores> {
    const microBatches = this.#microBatches(batch, batch.keys());
    const scores = await this.#scores(batch, microBatches, this.model);
    this.#batch = batch;
    this.#resident = microBatches.length === 1 && microBatches[0]!.length === batch.length;
    return scores;
  }

  /** The same under another model of the same shapes, such as the reference of a KL penalty; without backward. */
  score(model: Model, batch: readonly LearnerSequence[]): Promise<Scores> {
    this.#resident = false;
    return this.#scores(batch, this.#microBatches(batch, batch.keys()), model);
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
    const scores = emptyScores(batch.length);
    const live = [...batch.keys()].filter((i) => coefficients[i]!.some((c) => c !== 0));
    for (const indices of this.#microBatches(batch, live)) {
      const sequences = indices.map((i) => batch[i]!);
      this.#recordForward(sequences, this.model);
      this.#recordBackward(indices.map((i) => coefficients[i]!));
      await this.#readScores(batch, indices, scores);
    }
    this.#resident = false;
    return scores;
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
    for (const part of [this.gradients, this.#activations, this.#head, this.#scratch, this.#recorder]) {
      part.destroy();
    }
    this.#inputs?.destroy();
  }

  async #scores(batch: readonly LearnerSequence[], microBatches: readonly number[][], model: Model) {
    const scores = emptyScores(batch.length);
    for (const indices of microBatches) {
      this.#recordForward(indices.map((i) => batch[i]!), model);
      await this.#readScores(batch, indices, scores);
    }
    return scores;
  }

  #recordForward(sequences: readonly LearnerSequence[], model: Model): void {
    const batch = pack(sequences.map(({ ids }) => ids));
    this.#activations.load(batch);
    this.#scratch.load(sequences.map(({ ids }) => ids.length), batch.ids);
    const rows: number[] = [];
    const targets: number[] = [];
    let start = 0;
    for (const { ids, prompt_length } of sequences) {
      for (let t = prompt_length; t < ids.length; t++) {
        rows.push(start + t - 1); // the row before a token predicts it
        targets.push(ids[t]!);
      }
      start += ids.length;
    }
    this.#head.load(Uint32Array.from(rows), Uint32Array.from(targets));
    if (this.#inputs) this.#inputs.forward(this.#recorder, model, this.#activations);
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
      this.gradients,
      this.#scratch,
      this.#settings.temperature,
      this.#inputs,
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

  /** Consecutive sequences with at most `micro_batch_tokens` together, as indices into the batch. */
  #microBatches(batch: readonly LearnerSequence[], indices: Iterable<number>): number[][] {
    const limit = this.#settings.micro_batch_tokens;
    const result: number[][] = [];
    let tokens = Infinity;
    for (const i of indices) {
      const { ids, prompt_length } = batch[i]!;
      if (ids.length === prompt_length) continue; // nothing to score
      if (ids.length > limit) {
        throw new RangeError(
          `Cannot train on a sequence of ${ids.length} tokens as micro_batch_tokens must be at least that: current value is ${limit}`,
        );
      }
      if (prompt_length < 1 || prompt_length > ids.length) {
        throw new RangeError(
          `Cannot train on a sequence as prompt_length must be from 1 to ${ids.length}: current value is ${prompt_length}`,
        );
      }
      if (tokens + ids.length > limit) {
        result.push([]);
        tokens = 0;
      }
      result.at(-1)!.push(i);
      tokens += ids.length;
    }
    return result;
  }
}

function completionLength({ ids, prompt_length }: LearnerSequence): number {
  return ids.length - prompt_length;
}

function emptyScores(count: number): Scores {
  const empty = () => Array.from({ length: count }, () => new Float32Array());
  return { logprobs: empty(), entropy: empty() };
}

function checkCoefficients(batch: readonly LearnerSequence[], coefficients: readonly Float32Array[]): void {
  if (coefficients.length !== batch.length) {
    throw new RangeError(
      `Cannot run the backward as the batch has ${batch.length} sequences: current number of coefficient lists is ${coefficients.length}`,
    );
  }
  for (const [i, sequence] of batch.entries()) {
    const [length, given] = [completionLength(sequence), coefficients[i]!.length];
    if (length !== given) {
      throw new RangeError(
        `Cannot run the backward as completion ${i} has ${length} tokens: current number of coefficients is ${given}`,
      );
    }
  }
}
