// What several ranks add to a plan: memory of the machine, bytes through the network, and what share of a step that is.

import type { ModelConfig } from "#shared/engine/model/config.ts";
import { gib } from "../memory/memory_plan.ts";
import type { PlanSettings } from "../memory/settings.ts";
import { deviceSeconds, exchangeSeconds, RATES, stepSeconds } from "../team/step_costs.ts";

/** Networks, Gbit/s, where none is given; null: one machine. */
const NETWORKS = [null, 10, 100];
/** Share of the longest prompt and completion that the mean one has. */
const MEAN = 0.5;

export interface RankOptions {
  ranks?: string;
  /** Gbit/s. */
  network?: string;
  /** Of a rank, measured, without the exchange. */
  stepSeconds?: string;
}

export interface RanksPlan {
  ranks: number;
  shards: number;
  /** Of each rank, in the machine's memory. */
  host_bytes: number;
  /** Of each rank through the network, at every optimizer step. */
  exchanged_bytes: number;
  /** Seconds of a rank's step but for the exchange; null where they are not known. */
  step_seconds: number | null;
  /** Whether they were given. */
  measured: boolean;
  /** Seconds of the exchange, reading and writing the device included, and its share of the step. */
  exchange: { network: string; seconds: number; share: number | null }[];
}

/** The ranks of an option. @throws RangeError for ranks that cannot share the work evenly */
export function ranksOf(value: string, shards: number, setting: string): number {
  const ranks = Number(value);
  if (Number.isInteger(ranks) && ranks >= 1 && shards % ranks === 0) return ranks;
  throw new RangeError(
    `Cannot plan as --ranks must divide ${setting}, which is ${shards}: current value is ${value}`,
  );
}

/** What one of several ranks needs on its GPU: prompts and evaluations are dealt. */
export function ofRank(settings: PlanSettings, ranks: number): PlanSettings {
  const { generation } = settings;
  const dealt = (count: number) => Math.ceil(count / ranks);
  return {
    ...settings,
    generation: {
      ...generation,
      prompts: dealt(generation.prompts),
      evaluated: dealt(generation.evaluated),
    },
  };
}

/**
 * @param settings of a rank
 * @param bytes of its gradients and weights
 */
export function planRanks(
  { network, stepSeconds: given }: RankOptions,
  ranks: number,
  shards: number,
  settings: PlanSettings,
  bytes: { gradients: number; weights: number },
): RanksPlan {
  const gigabits = network === undefined ? NETWORKS : [numberAbove0("--network", network)];
  const step = given === undefined
    ? estimate(settings, bytes.weights)
    : numberAbove0("--step-seconds", given);
  // Sums of 1, 2, 4, ... shards wait for each other; one more is being read.
  const sums = shards === 1 ? 0 : Math.log2(shards / ranks) + 1;
  const device = shards === 1 ? 0 : deviceSeconds(bytes.gradients, shards / ranks);
  return {
    ranks,
    shards,
    host_bytes: Math.ceil(sums) * bytes.gradients + Math.min(bytes.gradients, 32 << 20),
    exchanged_bytes: 2 * bytes.gradients * (ranks - 1) / ranks,
    step_seconds: step,
    measured: given !== undefined,
    exchange: gigabits.map((each) => {
      const seconds = exchangeSeconds(bytes.gradients, ranks, each) + device;
      return {
        network: each === null ? "in one machine" : `over ${each} Gbit/s`,
        seconds,
        share: step === null ? null : seconds / (step + seconds),
      };
    }),
  };
}

/** Seconds of a step of training; what a step of sft has is not in a plan's settings. */
function estimate(
  { kind = "train", config, lora, weights_dtype, gradient_checkpointing, generation }: PlanSettings,
  weights: number,
): number | null {
  if (kind === "sft") return null;
  const model = {
    parameters: parametersOf(config, weights, weights_dtype === "float32" ? 4 : 2),
    weightBytes: weights,
    all: lora === null,
    again: gradient_checkpointing,
  };
  return stepSeconds(model, {
    ...generation,
    prompt_tokens: MEAN * generation.prompt_tokens,
    completion_tokens: MEAN * generation.completion_tokens,
  });
}

/** Parameters that compute: the embeddings only look up. */
function parametersOf(config: ModelConfig, weights: number, bytes: number): number {
  const embeddings = config.tie_word_embeddings ? 0 : config.vocab_size * config.hidden_size;
  return weights / bytes - embeddings;
}

function numberAbove0(flag: string, value: string): number {
  const number = Number(value);
  if (value.trim() !== "" && number > 0 && Number.isFinite(number)) return number;
  throw new RangeError(`Cannot plan as ${flag} must be a number above 0: current value is ${value}`);
}

export function formatRanks(plan: RanksPlan): string {
  const { ranks, shards, host_bytes, exchanged_bytes, step_seconds, measured, exchange } = plan;
  const two = (value: number) => String(Number(value.toPrecision(2)));
  const lines = [
    `each of ${ranks} ranks takes that on its GPU, and ${
      gib(host_bytes)
    } of its machine's memory (${shards} shards)`,
    `an optimizer step sends ${
      gib(exchanged_bytes)
    } from each rank; with reading and writing its GPU that takes`,
    ...exchange.map(({ network, seconds, share }) =>
      `  ${two(seconds)} s ${network}${share === null ? "" : `, ${two(100 * share)} % of a step`}`
    ),
  ];
  if (step_seconds === null) return lines.join("\n");
  lines.push(
    measured
      ? `of a step of ${two(step_seconds)} s (--step-seconds)`
      : `of a step of about ${
        two(step_seconds)
      } s, assumed: no hints, prompts and completions half as long as ` +
        `allowed, ${RATES.flops / 1e12} TFLOP/s in training, ${RATES.reads / 1e9} GB/s in decoding; ` +
        "--step-seconds takes a measured one",
    `assumed of the links: ${100 * RATES.arrives} % of a network's bits arrive, ${
      RATES.device / 1e9
    } GB/s between GPU and host, ` +
      `${RATES.memory / 1e9} GB/s in one machine; --network takes another speed`,
  );
  return lines.join("\n");
}
