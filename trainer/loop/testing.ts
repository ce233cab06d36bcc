// What the tests of the loop share: the tiny tokenizer, a few problems and a policy whose answers are scripted.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "#shared/io/hash.ts";
import { Random } from "#shared/problems/rng.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import { parse } from "#shared/schemas/parse.ts";
import { TINY_HINT_GLUE, tinyTokenizerFiles } from "#shared/text/tiny_tokenizer.ts";
import type { EndOf } from "#shared/text/stop_strings.ts";
import { Tokenizer } from "#shared/text/tokenizer.ts";
import { loadRewards } from "./rewards.ts";
import type {
  ForwardPass,
  GenerationRequest,
  LearnerSequence,
  Sample,
  SampleOptions,
  Sampler,
  StoredPolicy,
} from "../learner/policy.ts";
import { strategyNamed } from "../ghpo/strategies/index.ts";
import { collectRollouts, type Rollout, type RolloutSetting } from "./rollouts.ts";
import { type TrainRecipe, TrainRecipeSchema } from "../run/train_recipe.ts";

const files = tinyTokenizerFiles(256);
export const tinyTokenizer = new Tokenizer(files.tokenizer, files.config);
export const EOS = tinyTokenizer.id("<eos>")!;

/** Four steps, so that the three stages of GHPO show one, two and three of them. */
export function chainProblem(id: string, answer = "20", level = 4): Problem {
  const steps = ["1+2=3;", "3+3=6;", "6+5=11;", `11+9=${answer}`];
  return {
    id,
    text: `Compute ${id}+2+3+5+9`,
    answer,
    trace: { text: steps.join(""), steps },
    level,
    source: "test",
  };
}

export function tinyRecipe(
  overrides: Record<string, Record<string, unknown> | string | number> = {},
): TrainRecipe {
  const { ghpo, train, generation, ...rest } = overrides as Record<string, Record<string, unknown>>;
  const value = {
    model: "m",
    output_dir: "o",
    data: { path: "d", shuffle: false },
    prompt: { system: "", max_prompt_length: 96 },
    generation: { num_generations: 4, max_completion_length: 32, ...generation },
    ghpo: { cold_start_steps: 0, hint_glue: TINY_HINT_GLUE, ...ghpo },
    reward: { preset: "strict", format: "hash" },
    train: { max_steps: 4, prompts_per_step: 2, ...train },
    ...rest,
  };
  return parse(TrainRecipeSchema, value, "recipe");
}

/** What a scripted policy answers to the sample-th completion of a prompt; the hint is "" without one. */
export type Script = (question: string, hint: string, sample: number) => string;

/** A sampler that records its requests and answers by the script; every token has log-prob -1. */
export class ScriptedSampler implements Sampler {
  readonly calls: (GenerationRequest & { prompt: string })[][] = [];
  readonly #script: Script;

  constructor(script: Script) {
    this.#script = script;
  }

  generate(requests: readonly GenerationRequest[], options: SampleOptions): Promise<Sample[][]> {
    this.calls.push(
      requests.map((request) => ({ ...request, prompt: tinyTokenizer.decode(request.prompt_ids) })),
    );
    return Promise.resolve(requests.map(({ prompt_ids, samples }) => {
      const prompt = tinyTokenizer.decode(prompt_ids).replace(/\nAnswer: .*/s, "");
      const [question, hint] = prompt.split(TINY_HINT_GLUE) as [string, string?];
      return Array.from({ length: samples }, (_, sample) => {
        const ids = [...tinyTokenizer.encode(this.#script(question, hint ?? "", sample)), EOS];
        const cut = ids.slice(0, options.max_tokens);
        const finish_reason = cut.length === ids.length ? "stop" as const : "length" as const;
        return { ids: cut, logprobs: cut.map(() => -1), finish_reason };
      });
    }));
  }
}

/** The rollout that follows `step` steps under the recipe's strategy; `state` is what that remembers. */
export function collectAt(
  setting: RolloutSetting,
  { step = 0, cursor = 0, state }: { step?: number; cursor?: number; state?: unknown } = {},
): Promise<Rollout> {
  const { recipe } = setting;
  const strategy = strategyNamed(recipe.algorithm)!;
  return collectRollouts(setting, step, cursor, strategy.next(step, state ?? strategy.begin(recipe), recipe));
}

/** The setting of a rollout with a scripted policy. */
export async function scriptedSetting(recipe: TrainRecipe, problems: Problem[], script: Script) {
  const sampler = new ScriptedSampler(script);
  const setting: RolloutSetting = {
    recipe,
    problems,
    tokenizer: tinyTokenizer,
    rewards: await loadRewards(recipe),
    sampler,
    eosIds: [EOS],
    promptBudget: recipe.prompt.max_prompt_length,
  };
  return { setting, sampler };
}

/** A completion cut where it is over. */
export function cutAt({ ids, logprobs, finish_reason }: Sample, ends: EndOf | undefined) {
  const all = { ids: Array.from(ids), logprobs: Array.from(logprobs) };
  const end = ends?.(all.ids);
  if (end === undefined) return { ...all, finish_reason };
  return { ids: all.ids.slice(0, end), logprobs: all.logprobs.slice(0, end), finish_reason: "stop" as const };
}

/**
 * A policy that needs no GPU: every token is drawn from one softmax, whatever the prompt, and trained by SGD with
 * momentum. `beforeCall` is called before each operation; a test makes it throw to kill the run there.
 */
export class UnigramPolicy implements StoredPolicy {
  facts = { model_type: "llama", adapter: "test", kernel_variants: { matmul: "base" } };
  logits = new Float64Array(tinyTokenizer.vocabSize);
  momentum = new Float64Array(tinyTokenizer.vocabSize);
  readonly #gradient = new Float64Array(tinyTokenizer.vocabSize);
  #temperature = 1;

  constructor(readonly beforeCall: (name: string) => void = () => {}) {}

  generate(requests: readonly GenerationRequest[], options: SampleOptions): Promise<Sample[][]> {
    this.beforeCall("generate");
    const p = this.#probabilities(options.temperature);
    return Promise.resolve(requests.map(({ samples, key }) =>
      Array.from({ length: samples }, (_, sample) => {
        const random = new Random(options.seed, ...key, sample);
        const ids: number[] = [];
        while (ids.length < options.max_tokens && !options.eos_ids.includes(ids.at(-1) ?? -1)) {
          ids.push(options.greedy ? p.indexOf(Math.max(...p)) : random.weighted(p));
        }
        const finish_reason = options.eos_ids.includes(ids.at(-1)!) ? "stop" as const : "length" as const;
        return cutAt({ ids, logprobs: ids.map((id) => Math.log(p[id]!)), finish_reason }, options.ends);
      })
    ));
  }

  forward(sequences: LearnerSequence[]): Promise<ForwardPass> {
    this.beforeCall("forward");
    const p = this.#probabilities(this.#temperature);
    const entropy = -p.reduce((sum, q) => sum + q * Math.log(q), 0);
    const completions = sequences.map(({ ids, prompt_length }) => Array.from(ids).slice(prompt_length));
    return Promise.resolve({
      sequences,
      logprobs: completions.map((ids) => Float32Array.from(ids, (id) => Math.log(p[id]!))),
      entropy: completions.map((ids) => Float32Array.from(ids, () => entropy)),
    });
  }

  backward({ sequences }: ForwardPass, coefficients: Float32Array[]): Promise<void> {
    this.beforeCall("backward");
    const p = this.#probabilities(this.#temperature);
    sequences.forEach(({ ids, prompt_length }, i) =>
      coefficients[i]!.map((c) => c / this.#temperature).forEach((coefficient, t) => {
        for (let k = 0; k < p.length; k++) this.#gradient[k]! -= coefficient * p[k]!;
        this.#gradient[ids[prompt_length + t]!]! += coefficient;
      })
    );
    return Promise.resolve();
  }

  get gradientLength(): number {
    return this.#gradient.length;
  }

  takeGradients(into: Float32Array): Promise<void> {
    this.beforeCall("take");
    into.set(this.#gradient);
    this.#gradient.fill(0);
    return Promise.resolve();
  }

  putGradients(from: Float32Array): void {
    this.#gradient.set(from);
  }

  digest(): Promise<string> {
    return Promise.resolve(sha256(JSON.stringify([[...this.logits], [...this.momentum]])));
  }

  discard(): void {
    this.#gradient.fill(0);
  }

  setTemperature(temperature: number): void {
    this.#temperature = temperature;
  }

  step(learningRate: number): Promise<{ grad_norm: number }> {
    this.beforeCall("step");
    for (let k = 0; k < this.logits.length; k++) {
      this.momentum[k] = 0.9 * this.momentum[k]! + this.#gradient[k]!;
      this.logits[k]! -= learningRate * this.momentum[k]!;
    }
    const grad_norm = Math.hypot(...this.#gradient);
    this.#gradient.fill(0);
    return Promise.resolve({ grad_norm });
  }

  prefilledTokens(): number {
    return 0;
  }

  gpuBytes(): number {
    return 0;
  }

  async reference(batch: LearnerSequence[]): Promise<Float32Array[]> {
    return (await new UnigramPolicy().forward(batch)).logprobs;
  }

  saveModel(directory: string): Promise<void> {
    this.beforeCall("save");
    writeFileSync(join(directory, "model.json"), JSON.stringify([...this.logits]));
    return Promise.resolve();
  }

  saveOptimizer(directory: string): Promise<void> {
    this.beforeCall("save the moments");
    writeFileSync(join(directory, "optimizer.json"), JSON.stringify([...this.momentum]));
    return Promise.resolve();
  }

  restore(directory: string): Promise<void> {
    const read = (name: string) => Float64Array.from(JSON.parse(readFileSync(join(directory, name), "utf8")));
    this.logits = read("model.json");
    this.momentum = read("optimizer.json");
    return Promise.resolve();
  }

  #probabilities(temperature: number): number[] {
    const weights = [...this.logits].map((logit) => Math.exp(logit / temperature));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight) => weight / total);
  }
}
