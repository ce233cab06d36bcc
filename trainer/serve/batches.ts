// Requests that wait are answered together where one call of the engine can: with the same temperature and number of
// tokens and, where anything is drawn, the same seed. A completion is the same whatever it was batched with.

import type { Generated } from "#shared/engine/generation/requests.ts";
import type { Answer, OpenModel, Prompt } from "../library/open_model.ts";

export interface Job {
  prompt: Prompt;
  n: number;
  max_tokens: number;
  temperature: number;
  seed: number;
  /** True ends the answer there. */
  onTokens(sample: number, soFar: Generated): boolean | void;
}

/** Prompts in one call of the engine. */
const MOST_PROMPTS = 64;

export class Batches {
  readonly #model: OpenModel;
  readonly #waiting: { job: Job; resolve: (answers: Answer[]) => void; reject: (error: unknown) => void }[] =
    [];
  #running: Promise<void> | null = null;

  constructor(model: OpenModel) {
    this.#model = model;
  }

  answer(job: Job): Promise<Answer[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject });
      // In the next turn, when what came at the same time is there, too.
      this.#running ??= new Promise<void>((next) => setTimeout(next)).then(() => this.#run()).finally(() =>
        this.#running = null
      );
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const first = this.#waiting[0]!.job;
      const taken = this.#waiting.filter(({ job }) => alike(job, first)).slice(0, MOST_PROMPTS);
      for (const each of taken) this.#waiting.splice(this.#waiting.indexOf(each), 1);
      try {
        const answers = await this.#model.answer(
          taken.map(({ job }) => job.prompt),
          first.n,
          first,
          (index, sample, soFar) => taken[index]!.job.onTokens(sample, soFar),
        );
        taken.forEach(({ resolve }, i) => resolve(answers[i]!));
      } catch (error) {
        for (const { reject } of taken) reject(error);
      }
    }
  }
}

function alike(a: Job, b: Job): boolean {
  return a.n === b.n && a.max_tokens === b.max_tokens && a.temperature === b.temperature &&
    (a.temperature === 0 || a.seed === b.seed);
}
