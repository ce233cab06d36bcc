// The model as the loops see it: something that samples, scores, learns and can be saved. gpu_policy.ts is the real
// one; the tests of the loops bring their own.

import type { GenerationOptions, GenerationRequest, Sample } from "#shared/engine/generation/requests.ts";
import type { CheckpointManifest } from "#shared/schemas/checkpoint.ts";
import type { StopsAt } from "#shared/text/stop_strings.ts";
import type { ForwardPass, LearnerSequence } from "./learner.ts";

export type { ForwardPass, GenerationRequest, LearnerSequence, Sample };

export interface SampleOptions extends Omit<GenerationOptions, "onTokens" | "onProgress" | "ends"> {
  ends?: StopsAt | undefined;
}

/** The completions of a request from elsewhere, not yet believed; null: there were none. */
export type Answer = Sample[] | null;

export interface Sampler {
  /** @param answers of `ask`, for each request */
  generate(
    requests: readonly GenerationRequest[],
    options: SampleOptions,
    answers?: readonly Answer[],
  ): Promise<Sample[][]>;
  /** Has requests sampled on other machines. Of several ranks one asks, and each checks its part in `generate`. */
  ask?(requests: readonly GenerationRequest[], options: SampleOptions): Promise<Answer[]>;
}

/** Gradients that can be taken out and put back, to be added to those of other shards. */
export interface GradientStore {
  /** Numbers in all gradients together. */
  readonly gradientLength: number;
  /** Copies the gradients into the beginning of `into` and clears them. */
  takeGradients(into: Float32Array): Promise<void>;
  /** The gradients are these from now on. */
  putGradients(from: Float32Array): void;
}

/** The model as the loop sees it. */
export interface Policy extends Sampler, GradientStore {
  /** Scores a micro-batch. */
  forward(batch: LearnerSequence[]): Promise<ForwardPass>;
  /** Adds sum of coefficient * d log-prob to the gradients; quickest right after the forward pass. */
  backward(pass: ForwardPass, coefficients: Float32Array[]): Promise<void>;
  /** Clears the gradients without an update. */
  discard(): void;
  /** Divides logits by it from now on, in `forward` and `reference`. */
  setTemperature(temperature: number): void;
  /** Clips, updates the weights and clears the gradients. */
  step(learningRate: number): Promise<{ grad_norm: number }>;
  /** Bytes in GPU buffers now: flat over a run, or something leaks. */
  gpuBytes(): number;
  /** Tokens of prompts computed so far for sampling: what prompts share counts once, what was cached not at all. */
  prefilledTokens(): number;
  /** Log-probs under the frozen reference model; called when beta > 0 only. */
  reference(batch: LearnerSequence[]): Promise<Float32Array[]>;
}

/** A policy whose weights and optimizer state can be kept. */
export interface StoredPolicy extends Policy {
  readonly facts: Pick<CheckpointManifest, "model_type" | "adapter" | "kernel_variants">;
  /** Bytes of GPU memory that were planned, by what they are for; undefined where nothing was. */
  readonly memory?: Record<string, number> | undefined;
  /** Writes the model as a Hugging Face directory with its tokenizer, without the optimizer. */
  saveModel(directory: string): Promise<void>;
  /** Writes the optimizer's moments. */
  saveOptimizer(directory: string): Promise<void>;
  /** SHA-256 of what is trained and of its moments: the same on ranks that compute the same. */
  digest(): Promise<string>;
  /** Takes weights and moments from a directory that both were saved in. */
  restore(directory: string): Promise<void>;
}
