// bun trainer/examples/own_task.ts [OUTPUT]
// A task without mathematics to grade: a game. Players take 1, 2 or 3 stones in turn, and who takes the last one wins; a
// move is right when it leaves a number of stones that four divides. The reward plays the rules, no answer is compared.

import { type Group, type RewardFunction, train } from "ghpo";

const problems = Array.from({ length: 20 }, (_, i) => i + 5).filter((stones) => stones % 4 !== 0).map((
  stones,
) => ({
  text: `Compute ${stones}`, // the tiny model knows few words
  answer: stones % 4,
  stones,
}));

/** The number of stones that the completion takes: the first digit in it. */
function moveOf(completion: string): number {
  return Number(/\d/.exec(completion)?.[0] ?? NaN);
}

/** The first reward decides which groups are difficult: those without a winning move, of success_threshold. */
const winning: RewardFunction = ({ problem, completion }) => {
  const move = moveOf(completion);
  const isLegal = move >= 1 && move <= 3;
  return isLegal && (Number(problem.columns?.["stones"]) - move) % 4 === 0 ? 1 : 0;
};
const legal: RewardFunction = ({ completion }) => [1, 2, 3].includes(moveOf(completion)) ? 1 : 0;

const best: { group?: Group } = {};
const { alerts } = await train({
  model: "trainer/recipes/tiny-base",
  output_dir: process.argv[2] ?? "runs/own-task",
  algorithm: "grpo",
  generation: { num_generations: 8, max_completion_length: 8, temperature: 1.5 },
  prompt: { system: "", max_prompt_length: 32 },
  reward: { functions: ["winning", "legal"], weights: [1, 0.5], success_threshold: 1 },
  optimizer: { learning_rate: 3e-4, warmup_steps: 1 },
  train: { max_steps: 4, prompts_per_step: 6 },
}, {
  problems,
  rewards: { winning, legal },
  quiet: true,
  onStep: ({ step, ...m }) => console.log(`step ${step}: winning ${m["rewards/winning/mean"]?.toFixed(2)}`),
  onRollout: (group) => {
    if (group.completions.some(({ rewards }) => rewards["winning"] === 1)) best.group = group;
  },
});
const won = best.group?.completions.find(({ rewards }) => rewards["winning"] === 1);
console.log(
  won ? `${best.group!.problem_id} was won by ${moveOf(won.text)}` : "no game was won",
  `(${alerts.length} alerts)`,
);
