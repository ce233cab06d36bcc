// bun trainer/examples/own_reward.ts [OUTPUT]
// A reward function of your own in addition to the built-in ones, with a column of your own data: short answers earn more
// where the row says so. Ctrl-C ends the run with a checkpoint.

import { generate, type RewardFunction, train } from "ghpo";

const problems = Array.from({ length: 24 }, (_, i) => {
  const [a, b, c] = [2 + (i % 7), 3 + (i % 5), 1 + (i % 4)];
  return {
    text: `Compute ${a}+${b}+${c}`,
    answer: a + b + c,
    solution: `${a}+${b}=${a + b};${a + b}+${c}=${a + b + c}`,
    wants: i % 2 === 0 ? "brevity" : "anything",
  };
});

/** 1 for nothing, 0 for twenty tokens and more; null leaves a completion out of the mean. */
const brevity: RewardFunction = ({ problem, ids }) =>
  problem.columns?.["wants"] === "brevity" ? Math.max(0, 1 - ids.length / 20) : null;

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

const result = await train({
  model: "trainer/recipes/tiny-base",
  output_dir: process.argv[2] ?? "runs/own-reward",
  algorithm: "grpo",
  generation: { num_generations: 4, max_completion_length: 32 },
  prompt: { system: "", max_prompt_length: 64 },
  reward: {
    functions: ["accuracy", "format", "brevity"],
    weights: [1, 0.5, 0.5],
    preset: "strict",
    format: "hash",
  },
  optimizer: { learning_rate: 1e-4, warmup_steps: 1 },
  train: { max_steps: 3, prompts_per_step: 8 },
}, {
  problems,
  rewards: { brevity },
  signal: stop.signal,
  quiet: true,
  onStep: (metrics) =>
    console.log(`step ${metrics.step}: brevity ${metrics["rewards/brevity/mean"]?.toFixed(2)}`),
});
const [answers] = await generate(result.checkpoint, ["Compute 2+3+1"], { max_tokens: 32, temperature: 0 });
console.log(`${result.checkpoint} answers: ${answers![0]!.text}`);
