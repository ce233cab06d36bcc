// How long a step takes on many ranks, simulated from measured parts.   bun trainer/team/tools/simulate.ts > trainer/team/simulated.md
//
// No cluster was at hand. What is assumed is printed with the table.

import { Random } from "#shared/problems/rng.ts";

const A = {
  parameters: 1.54e9,
  adapters: 18.5e6,
  samples: 8,
  /** Completion lengths: log-normal. */
  medianTokens: 400,
  sigma: 0.6,
  maxTokens: 2048,
  promptTokens: 200,
  difficult: 0.4,
  rescued: 0.4,
  stages: 3,
  /** Decoding: seconds of a step of all rows, at least and for each row. */
  stepSeconds: 0.025,
  rowSeconds: 0.0001,
  rows: 256,
  /** Training: useful FLOP/s of a GPU, and FLOP for a parameter and token, forward and backward. */
  flops: 2e13,
  flopPerToken: 6,
  /** Bytes/s between device and host. */
  device: 12e9,
  /** Bytes/s at which a rank adds: 540 MB take 70 ms (probe.ts time). */
  adds: 7.7e9,
  /** Share of a link's bits that arrive. */
  link: 0.9,
};

const random = new Random(1);
const normal = () => Math.sqrt(-2 * Math.log(1 - random.real())) * Math.cos(2 * Math.PI * random.real());
const lengthOf = () => Math.min(A.maxTokens, Math.max(8, A.medianTokens * Math.exp(A.sigma * normal())));
type Group = number[];
const groupOf = (): Group => Array.from({ length: A.samples }, lengthOf);

/** Seconds that a rank needs to decode its groups: rows are refilled as completions end. */
function decoding(groups: readonly Group[]): number {
  const rows: number[] = [];
  let seconds = 0;
  const waiting = groups.flat();
  while (rows.length > 0 || waiting.length > 0) {
    while (rows.length < A.rows && waiting.length > 0) rows.push(waiting.shift()!);
    const least = Math.min(...rows);
    seconds += least * Math.max(A.stepSeconds, A.rowSeconds * rows.length);
    for (let i = rows.length - 1; i >= 0; i--) if ((rows[i]! -= least) <= 0) rows.splice(i, 1);
  }
  return seconds;
}

/** Parts of a step, in seconds, the mean of a few. */
function step(ranks: number, prompts: number, gradient: number, gigabits: number) {
  const total = { sampling: 0, training: 0, device: 0, exchange: 0, tokens: 0 };
  const times = 8;
  for (let time = 0; time < times; time++) {
    let groups = Array.from({ length: prompts }, groupOf);
    const final = groups.slice();
    for (let round = 0; round <= A.stages && groups.length > 0; round++) {
      const dealt = Array.from({ length: ranks }, (_, rank) => groups.filter((_, i) => i % ranks === rank));
      total.sampling += Math.max(...dealt.map(decoding));
      total.tokens += groups.flat().reduce((sum, tokens) => sum + tokens, 0);
      groups = groups.filter(() => random.real() < (round === 0 ? A.difficult : 1 - A.rescued)).map(groupOf);
    }
    const trained = final.reduce((sum, group) => sum + A.promptTokens + group.reduce((a, b) => a + b, 0), 0);
    total.training += (trained / ranks) * A.flopPerToken * A.parameters / A.flops;
    const bytes = 4 * gradient;
    total.device += ranks === 1 ? 0 : 2 * bytes / A.device;
    const network = 2 * bytes * (ranks - 1) / ranks / (gigabits * 1e9 / 8 * A.link);
    total.exchange += ranks === 1 ? 0 : network + bytes / A.adds;
  }
  const { sampling, training, device, exchange, tokens } = total;
  const seconds = (sampling + training + device + exchange) / times;
  return { seconds, share: (exchange + device) / times / seconds, rate: tokens / times / seconds };
}

console.log("# A step on many ranks, simulated\n");
console.log(
  "Made by `bun trainer/team/tools/simulate.ts`; no cluster was at hand. A model of 1.5 billion parameters, groups",
);
console.log(
  "of 8, three guidance stages. Fixed: 112 prompts a step; growing: 16 prompts a rank. The exchange includes",
);
console.log(
  "reading and writing the gradients on the device. Speed-up is in sampled tokens a second, against one rank.\n",
);
console.log("| trained | network | batch | ranks | step, s | exchange, s | its share | speed-up |");
console.log("|---|---|---|---|---|---|---|---|");
for (const [trained, gradient] of [["all weights", A.parameters], ["LoRA", A.adapters]] as const) {
  for (const gigabits of [10, 100]) {
    for (const batch of ["fixed", "growing"]) {
      const one = step(1, batch === "fixed" ? 112 : 16, gradient, gigabits);
      for (const ranks of [8, 64, 256]) {
        const { seconds, share, rate } = step(
          ranks,
          batch === "fixed" ? 112 : 16 * ranks,
          gradient,
          gigabits,
        );
        const cells = [
          trained,
          `${gigabits} GbE`,
          batch,
          ranks,
          seconds.toFixed(1),
          (seconds * share).toFixed(2),
        ];
        console.log(
          `| ${[...cells, `${(100 * share).toFixed(1)} %`, (rate / one.rate).toFixed(1)].join(" | ")} |`,
        );
      }
    }
  }
}
console.log("\nAssumed:\n");
for (const [name, value] of Object.entries(A)) console.log(`- ${name} = ${value}`);
