// How long a step takes on many ranks, simulated from measured parts.   bun trainer/team/tools/simulate.ts > trainer/team/simulated.md
//
// No cluster was at hand. What is assumed is printed with the table.

import { Random } from "#shared/problems/rng.ts";
import { decodingSeconds, deviceSeconds, exchangeSeconds, RATES, trainingSeconds } from "../step_costs.ts";

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
  rows: 256,
  /** Tokens of the last micro-batch, whose backward pass could hide the exchange of finished layers. */
  microBatch: 8192,
  ...RATES,
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
    seconds += least * decodingSeconds(4 * A.parameters, rows.length);
    for (let i = rows.length - 1; i >= 0; i--) if ((rows[i]! -= least) <= 0) rows.splice(i, 1);
  }
  return seconds;
}

/** A step: seconds, those of the exchange, those of it that could be hidden, and sampled tokens a second. */
function step(ranks: number, prompts: number, all: boolean, gigabits: number) {
  const model = { parameters: A.parameters, weightBytes: 4 * A.parameters, all, again: false };
  const total = { sampling: 0, training: 0, tokens: 0 };
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
    total.training += trainingSeconds(trained / ranks, model);
  }
  const bytes = 4 * (all ? A.parameters : A.adapters);
  const exchange = ranks === 1 ? 0 : exchangeSeconds(bytes, ranks, gigabits) + deviceSeconds(bytes, 1);
  const backward = trainingSeconds(A.microBatch, model) -
    trainingSeconds(A.microBatch, { ...model, all: false }) / 2;
  const seconds = (total.sampling + total.training) / times + exchange;
  return {
    seconds,
    exchange,
    share: exchange / seconds,
    hidden: Math.max(0, exchange - backward) / (seconds - Math.min(exchange, backward)),
    rate: total.tokens / times / seconds,
  };
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const row = (...cells: (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);

console.log(`# A step on many ranks, simulated

Made by \`bun trainer/team/tools/simulate.ts\`; no cluster was available. A model of 1.5 billion parameters, groups of 8,
three guidance stages. Fixed: 112 prompts per step; growing: 16 prompts per rank. The exchange includes reading and
writing the gradients on the device. Speed-up is in sampled tokens per second, against one rank.

On 64 ranks with a growing batch, the exchange takes less than 2 % of a step with adapters on any network (0.1 %), and
with all weights over 100 GbE (1.2 %), or over 25 GbE with 64 prompts per rank (second table). With all weights over
10 GbE it takes 5.2 % with 16 prompts per rank and still 2.7 % with 112: a step mostly lasts as long as the longest
completion of each round, so more prompts lengthen it only a little. There, train adapters (\`[lora]\`), or use a faster
network, or fewer ranks with more prompts each. More \`train.shards\` change nothing, because a rank adds up its own before
it sends. \`loss.num_iterations\` above 1 makes it worse: every iteration exchanges, and samples are drawn once.

Here each rank has a link of its own. GPUs of one machine that share a link take turns (third table): for eight of them
the exchange takes 4.3 % over 100 GbE, and 1.7 % over 400 GbE.

Two changes, neither of them built, would lower it without changing the bits; the tables estimate both in the same way.
One is to send the gradients of the layers that the last micro-batch has finished while its backward pass continues: 4.2 %
over 10 GbE (last column of the first table), as the network needs much longer than that pass takes. The other is to add
the gradients of a machine's ranks, which are neighbours in the tree, before they are sent (last column of the third
table): what remains is mostly the time within the machine, whose rate was measured on two CPU cores. Splitting the
optimizer over the ranks and distributing weights instead of gradients sends as many bytes, because trained weights have
32 bits. Gradients in 16 bits would halve it, but change the bits.

| trained | network | batch | ranks | step, s | exchange, s | its share | speed-up | share if overlapped |
|---|---|---|---|---|---|---|---|---|`);
for (const trained of ["all weights", "LoRA"]) {
  const all = trained === "all weights";
  for (const gigabits of [10, 100]) {
    for (const batch of ["fixed", "growing"]) {
      const prompts = (ranks: number) => batch === "fixed" ? 112 : 16 * ranks;
      const one = step(1, prompts(1), all, gigabits);
      for (const ranks of [8, 64, 256]) {
        const { seconds, exchange, share, hidden, rate } = step(ranks, prompts(ranks), all, gigabits);
        const times = [seconds.toFixed(1), exchange.toFixed(2), percent(share)];
        row(
          trained,
          `${gigabits} GbE`,
          batch,
          ranks,
          ...times,
          (rate / one.rate).toFixed(1),
          percent(hidden),
        );
      }
    }
  }
}
const NETWORKS = [10, 25, 100];
console.log(`
## How many prompts a rank needs

Share of the exchange with all weights on 64 ranks, by prompts that each rank has a step:

| prompts a rank | step, s | ${NETWORKS.map((gigabits) => `${gigabits} GbE`).join(" | ")} |
|---|---|${"---|".repeat(NETWORKS.length)}`);
for (const prompts of [8, 16, 32, 48, 64, 112]) {
  const steps = NETWORKS.map((gigabits) => step(64, 64 * prompts, true, gigabits));
  row(
    prompts,
    (steps[0]!.seconds - steps[0]!.exchange).toFixed(0),
    ...steps.map(({ share }) => percent(share)),
  );
}
console.log(`
The step there is without the exchange.

## Several ranks on one link

Share of the exchange with all weights on 64 ranks, 16 prompts each, eight ranks a machine:

| link of a machine | shared by its ranks | if a machine added up first |
|---|---|---|`);
for (const gigabits of [10, 25, 100, 400]) {
  const shared = step(64, 64 * 16, true, gigabits / 8);
  const bytes = 4 * A.parameters;
  const exchange = exchangeSeconds(bytes, 8, null) + exchangeSeconds(bytes, 8, gigabits) +
    deviceSeconds(bytes, 1);
  const first = exchange / (shared.seconds - shared.exchange + exchange);
  row(`${gigabits} GbE`, percent(shared.share), percent(first));
}
console.log("\nAssumed:\n");
for (const [name, value] of Object.entries(A)) console.log(`- ${name} = ${value}`);
