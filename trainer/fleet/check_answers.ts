// The check of workers' answers, which are not trusted. The log-probs of every answer must be those of the learner's weights,
// and one request in 32 is sampled again here: it must give the same tokens. (Their form is checked as they arrive:
// shared/fleet/protocol.ts.)

import { inMicroBatches } from "#shared/engine/backward/micro_batches.ts";
import { sha256 } from "#shared/io/hash.ts";
import type { GenerationRequest, Policy, Sample } from "../learner/policy.ts";
import { runExclusive } from "../learner/mutex.ts";

/** Of log-probs, on average over an answer: a hundred times what rounding does between adapters. */
const LARGEST_DIFFERENCE = 1e-3;
/** One request in this many is sampled again. */
const RESAMPLED = 32;

export interface AnswerCheck {
  policy: Pick<Policy, "forward" | "setTemperature">;
  /** Samples here, with the same weights and options as the workers. */
  sample(requests: readonly GenerationRequest[]): Promise<Sample[][]>;
  micro_batch_tokens: number;
  /** Without it no worker knows beforehand which requests are sampled again. */
  secret: string;
  log(line: string): void;
}

/**
 * Removes the answers, by the index of their request, that are not of the learner's weights.
 * @returns how many were refused for their log-probs, sampled again, and removed as that gave other tokens
 */
export async function checkAnswers(
  check: AnswerCheck,
  requests: readonly GenerationRequest[],
  temperature: number,
  answers: Map<number, Sample[]>,
): Promise<{ refused: number; resampled: number; differing: number }> {
  const differences = await logprobDifferences(check, requests, temperature, answers);
  let refused = 0;
  for (const [i, difference] of differences) {
    if (difference <= LARGEST_DIFFERENCE) continue;
    answers.delete(i);
    refused++;
    check.log(
      `an answer is refused: its log-probs differ by ${
        difference.toPrecision(3)
      } on average from the learner's`,
    );
  }
  const again = [...answers.keys()].filter((i) => isDrawn(requests[i]!, check.secret));
  if (again.length === 0) return { refused, resampled: 0, differing: 0 };
  const own = await check.sample(again.map((i) => requests[i]!));
  let differing = 0;
  for (const [n, i] of again.entries()) {
    if (own[n]!.every(({ ids }, s) => sameIds(ids, answers.get(i)![s]!.ids))) continue;
    differing++; // another adapter may draw the neighbour where two are equal but for rounding
    answers.delete(i); // the caller samples it once more with the rest
  }
  return { refused, resampled: again.length, differing };
}

/** Between an answer's log-probs and those of the learner's weights, on average, by the index of the request. */
async function logprobDifferences(
  { policy, micro_batch_tokens }: AnswerCheck,
  requests: readonly GenerationRequest[],
  temperature: number,
  answers: ReadonlyMap<number, Sample[]>,
): Promise<Map<number, number>> {
  const sequences = [...answers].flatMap(([i, completions]) => {
    const { prompt_ids } = requests[i]!;
    return completions.map(({ ids, logprobs }) => ({
      ids: [...prompt_ids, ...Array.from(ids)],
      prompt_length: prompt_ids.length,
      logprobs,
      i,
    }));
  });
  const sums = new Map<number, { difference: number; tokens: number }>();
  for (const batch of inMicroBatches(sequences, micro_batch_tokens)) {
    const scores = await runExclusive(policy, () => {
      policy.setTemperature(temperature);
      return policy.forward(batch);
    });
    for (const [n, { logprobs, i }] of batch.entries()) {
      const sum = sums.get(i) ?? { difference: 0, tokens: 0 };
      sums.set(i, sum);
      for (let t = 0; t < logprobs.length; t++) {
        sum.difference += Math.abs(logprobs[t]! - scores.logprobs[n]![t]!);
      }
      sum.tokens += logprobs.length;
    }
  }
  return new Map([...sums].map(([i, { difference, tokens }]) => [i, difference / tokens]));
}

/** Whether a request is one of those that are sampled again. */
function isDrawn({ key }: GenerationRequest, secret: string): boolean {
  return parseInt(sha256(JSON.stringify([secret, key])).slice(0, 8), 16) % RESAMPLED === 0;
}

function sameIds(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
