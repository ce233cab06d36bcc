// What a step and the exchange of gradients cost, from a few rates: for --plan and for the simulation of many ranks.
// The rates of GPUs are assumptions, as no kernel has run on one; those of links and memory were measured or are given.

/** Assumed or measured, in bytes/s and operations/s. */
export const RATES = {
  /** Of a GPU while it decodes: a step of all rows reads the weights once. */
  reads: 2.5e11,
  /** Seconds for each row of a decoding step, where that is more. */
  rowSeconds: 1e-4,
  /** Useful operations of a GPU in training. */
  flops: 2e13,
  /** Between device and host. */
  device: 1.2e10,
  /** At which a rank adds: 540 MB take 70 ms (`probe.ts time`). */
  adds: 7.7e9,
  /** Exchange between two ranks of one machine: 540 MB take at most 0.45 s (`probe.ts time`). */
  memory: 1.2e9,
  /** Share of a network's bits that arrive. */
  arrives: 0.9,
};

/** Seconds in which a rank has the sum of gradients of this many bytes; over shared memory without `gigabits`. */
export function exchangeSeconds(bytes: number, ranks: number, gigabits: number | null): number {
  if (ranks === 1) return 0;
  if (gigabits === null) return bytes / RATES.memory;
  const sent = 2 * bytes * (ranks - 1) / ranks;
  return sent / (gigabits / 8 * 1e9 * RATES.arrives) + bytes / RATES.adds;
}

/** Seconds of reading the gradients of each shard of a rank from the device, and of writing their sum there. */
export function deviceSeconds(bytes: number, shardsOfRank: number): number {
  return (shardsOfRank + 1) * bytes / RATES.device;
}

/** Seconds of a decoding step of this many rows. */
export function decodingSeconds(weightBytes: number, rows: number): number {
  return Math.max(weightBytes / RATES.reads, RATES.rowSeconds * rows);
}

export interface TrainedModel {
  parameters: number;
  weightBytes: number;
  /** Whether all weights have gradients, or adapters only. */
  all: boolean;
  /** Whether the backward pass computes the forward once more. */
  again: boolean;
}

/** Operations for a parameter and trained token: the forward, the gradient of the input, that of the weight. */
export function trainingSeconds(tokens: number, { parameters, all, again }: TrainedModel): number {
  return tokens * parameters * (4 + (all ? 2 : 0) + (again ? 2 : 0)) / RATES.flops;
}

export interface RankStep {
  prompts: number;
  samples: number;
  prompt_tokens: number;
  completion_tokens: number;
  rows: number;
}

/** Seconds of a rank's step without hints, all its rows at work. */
export function stepSeconds(
  model: TrainedModel,
  { prompts, samples, prompt_tokens, completion_tokens, rows }: RankStep,
): number {
  const completions = prompts * samples;
  const atOnce = Math.min(rows, completions);
  const decoding = completions * completion_tokens / atOnce * decodingSeconds(model.weightBytes, atOnce);
  return decoding + trainingSeconds(prompts * prompt_tokens + completions * completion_tokens, model);
}
