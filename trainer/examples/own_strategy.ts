// bun trainer/examples/own_strategy.ts [OUTPUT]
// A guidance strategy of your own: hints that fade. Every problem begins with half of its solution, and each visit that
// ends all right shows it a quarter less. The strategy's memory is in the checkpoints, so a resumed run continues with it.

import { strategy, train } from "ghpo";
import * as v from "valibot";

/** By stage: no hint, a quarter, half of the solution. */
const RATIOS = [0.25, 0.5];

const fading = strategy({
  name: "fading_hints",
  settings: {},
  state: v.record(v.string(), v.number()),
  begin: () => ({} as Record<string, number>),

  next: (_step, stages) => ({
    ratios: RATIOS,
    escalate: false,
    startStage: ({ id }) => stages[id] ?? RATIOS.length,
  }),

  observe(stages, outcomes) {
    const solved = outcomes.filter(({ accuracy }) => accuracy === 1);
    return {
      ...stages,
      ...Object.fromEntries(solved.map(({ problem, stage }) => [problem.id, Math.max(0, stage - 1)])),
    };
  },
});

const { generated_tokens } = await train({
  model: "trainer/recipes/tiny-base",
  output_dir: process.argv[2] ?? "runs/own-strategy",
  algorithm: fading.name,
  data: { families: ["chain"], levels: [3, 4], count: 8 },
  generation: { num_generations: 4, max_completion_length: 48 },
  prompt: { system: "", max_prompt_length: 96 },
  ghpo: { hint_glue: " Hint: " },
  reward: { functions: ["accuracy", "format"], preset: "strict", format: "hash" },
  optimizer: { learning_rate: 1e-4, warmup_steps: 1 },
  train: { max_steps: 4, prompts_per_step: 8 },
}, {
  strategies: [fading],
  quiet: true,
  onStep: ({ step, ...m }) => console.log(`step ${step}: hinted ${m["ghpo/frac_hinted"]?.toFixed(2)}`),
});
console.log(`${generated_tokens} tokens`);
