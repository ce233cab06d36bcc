// What several ranks add to a plan: memory of the machine, bytes through the network, and what share of a step that is.

import { gib } from "../memory/plan.ts";

/** Bytes/s at which a rank adds gradients: 540 MB take 70 ms (trainer/team/tools/probe.ts time). */
const ADDS = 7.7e9;
/** Share of a link's bits that arrive. */
const LINK = 0.9;
const LINKS = [10, 100];

export interface RanksPlan {
  ranks: number;
  shards: number;
  /** Of each rank, in the machine's memory. */
  host_bytes: number;
  /** Of each rank through the network, at every optimizer step. */
  exchanged_bytes: number;
  /** Seconds of that by the speed of the network. */
  exchange_seconds: Record<string, number>;
}

/** @throws RangeError for ranks that cannot share the work evenly */
export function planRanks(value: string, shards: number, setting: string, gradients: number): RanksPlan {
  const ranks = Number(value);
  if (!Number.isInteger(ranks) || ranks < 1 || shards % ranks !== 0) {
    throw new RangeError(
      `Cannot plan as --ranks must divide ${setting}, which is ${shards}: current value is ${value}`,
    );
  }
  // Sums of 1, 2, 4, ... shards wait for each other; one more is being read.
  const sums = shards === 1 ? 0 : Math.log2(shards / ranks) + 1;
  const exchanged_bytes = 2 * gradients * (ranks - 1) / ranks;
  const seconds = (gigabits: number) =>
    exchanged_bytes / (gigabits / 8 * 1e9 * LINK) + (ranks > 1 ? gradients / ADDS : 0);
  return {
    ranks,
    shards,
    host_bytes: Math.ceil(sums) * gradients + Math.min(gradients, 32 << 20),
    exchanged_bytes,
    exchange_seconds: Object.fromEntries(LINKS.map((gigabits) => [`${gigabits} GbE`, seconds(gigabits)])),
  };
}

export function formatRanks(
  { ranks, shards, host_bytes, exchanged_bytes, exchange_seconds }: RanksPlan,
): string {
  const times = Object.entries(exchange_seconds).map(([link, seconds]) =>
    `${seconds.toPrecision(2)} s over ${link} (2 % of a step of ${(50 * seconds).toPrecision(2)} s)`
  );
  return [
    `each of ${ranks} ranks takes that on its GPU, and ${
      gib(host_bytes)
    } of its machine's memory (${shards} shards)`,
    `an optimizer step sends ${gib(exchanged_bytes)} from each rank: ${times.join(", ")}`,
  ].join("\n");
}
