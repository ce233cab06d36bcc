// Runs that are made for a rule, through the training loop: it fires, and its line is in the terminal and in the result.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, describe, it } from "node:test";
import type { AlertRule } from "#shared/schemas/alerts.ts";
import type { GenerationRequest, Sample, SampleOptions } from "../learner/policy.ts";
import type { Reward } from "../loop/rewards.ts";
import {
  chainProblem,
  EOS,
  scriptedSetting,
  tinyRecipe,
  tinyTokenizer,
  UnigramPolicy,
} from "../loop/testing.ts";
import { chooseSource } from "../loop/choose_source.ts";
import { runLoop } from "../loop/train.ts";
import { Status } from "../run/progress.ts";
import { readAlerts } from "./watch.ts";

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

type Settings = Record<string, Record<string, unknown> | string>;

interface Made {
  settings?: Settings;
  policy?: UnigramPolicy;
  /** What a completion is worth; the recipe's own rewards without it. */
  reward?: (completion: string) => number;
  /** Problems with no worked solution. */
  bare?: boolean;
  /** Of the evaluations, one after the other: whether they go well. */
  evaluations?: boolean[];
}

/** The rules that fire in a run of 24 steps. */
async function fired({ settings = {}, policy = new UnigramPolicy(), reward, bare, evaluations }: Made) {
  const output_dir = mkdtempSync(`${tmpdir()}/ghpo-alerts-`);
  folders.push(output_dir);
  const { alerts, train: steps, generation, ...rest } = settings as Record<string, Record<string, unknown>>;
  const recipe = tinyRecipe({
    algorithm: "grpo",
    optimizer: { learning_rate: 0.05, lr_scheduler_type: "constant", warmup_steps: 1 },
    ...(evaluations && { eval: { eval_every: 6 } }),
    ...rest,
    output_dir,
    generation: { num_generations: 4, max_completion_length: 8, ...generation },
    train: { max_steps: 24, prompts_per_step: 4, micro_batch_tokens: 256, ...steps },
    alerts: { patience: 5, disk_filling: 0, ...alerts },
  } as Settings);
  const problems = ["1", "2", "3"].map((id) => ({ ...chainProblem(id), ...(bare && { trace: null }) }));
  const { setting } = await scriptedSetting(recipe, problems, () => "");
  const own: Reward[] = [{ name: "accuracy", weight: 1, call: ({ completion }) => reward!(completion) }];
  let asked = 0;
  const judge = {
    generate: (requests: readonly GenerationRequest[]): Promise<Sample[][]> => {
      const text = evaluations![asked++] ? "####20" : "####1";
      const ids = [...tinyTokenizer.encode(text), EOS];
      return Promise.resolve(
        requests.map(() => [{ ids, logprobs: ids.map(() => -1), finish_reason: "stop" as const }]),
      );
    },
  };
  const lines: string[] = [];
  const result = await runLoop({
    recipe,
    policy,
    source: chooseSource({ ...setting, sampler: policy, ...(reward && { rewards: own }) }),
    evaluation: evaluations
      ? {
        sampler: judge,
        tokenizer: tinyTokenizer,
        problems,
        prompt: { system: "" },
        preset: "strict",
        max_tokens: 8,
        eosIds: [EOS],
      }
      : null,
    resume: false,
    status: new Status({ total: 24, stream: { write: (text) => lines.push(text) } }),
    stop: new AbortController().signal,
  });
  assert.deepEqual(readAlerts(output_dir), result.alerts);
  for (const { rule, step } of result.alerts) {
    assert.ok(lines.some((line) => line.startsWith(`alert ${rule} at step ${step}: `)), rule);
  }
  return [...new Set(result.alerts.map(({ rule }) => rule))].sort();
}

/** A policy that begins sure of some tokens. */
function sure(of: Record<number, number>): UnigramPolicy {
  const policy = new UnigramPolicy();
  for (const [id, logit] of Object.entries(of)) policy.logits[Number(id)] = logit;
  return policy;
}

const SEVEN = tinyTokenizer.encode("7")[0]!;
const LIKES_SEVEN = (completion: string) => +completion.includes("7");
const fast = { learning_rate: 3, lr_scheduler_type: "constant", warmup_steps: 1 };

describe("a run that is made for a rule", () => {
  it("fires nothing when it learns as it should", async () => {
    const policy = sure({ [EOS]: 3.5, [SEVEN]: 3 });
    const optimizer = { ...fast, learning_rate: 0.01 };
    const settings = { generation: { max_completion_length: 30 }, optimizer };
    assert.deepEqual(await fired({ policy, reward: LIKES_SEVEN, settings }), []);
  });

  const CASES: [AlertRule, Made][] = [
    ["zero_reward", { reward: () => 0 }],
    ["equal_rewards", { reward: () => 1, policy: sure({ [EOS]: 4 }) }],
    ["zero_gradient", { reward: () => 1, policy: sure({ [EOS]: 4 }) }],
    ["never_hinted", { settings: { algorithm: "ghpo" }, bare: true }],
    ["no_answers", { policy: sure({ [EOS]: 9 }) }],
    ["cut_off", { reward: LIKES_SEVEN }],
    ["entropy_collapse", { reward: LIKES_SEVEN, settings: { optimizer: fast, loss: { beta: 1e-6 } } }],
    ["kl_runaway", { reward: LIKES_SEVEN, settings: { optimizer: fast, loss: { beta: 1e-6 } } }],
    [
      "clip_runaway",
      { reward: LIKES_SEVEN, settings: { loss: { num_iterations: 20, epsilon: 0.001 }, optimizer: fast } },
    ],
    [
      "length_explosion",
      {
        reward: (completion) => completion.length / 8,
        policy: sure({ [EOS]: 6 }),
        settings: { generation: { max_completion_length: 32 }, optimizer: { ...fast, learning_rate: 0.3 } },
      },
    ],
    [
      "overfitting",
      {
        reward: LIKES_SEVEN,
        policy: sure({ [EOS]: 3, [SEVEN]: 2 }),
        evaluations: [true, true, false, false, false],
        settings: { optimizer: { ...fast, learning_rate: 0.5 } },
      },
    ],
    [
      "sampler_drift",
      {
        reward: LIKES_SEVEN,
        policy: new class extends UnigramPolicy {
          override async generate(requests: readonly GenerationRequest[], options: SampleOptions) {
            const groups = await super.generate(requests, options);
            return groups.map((samples) =>
              samples.map((s) => ({ ...s, logprobs: Array.from(s.logprobs, (logprob) => logprob + 0.05) }))
            );
          }
        }(),
      },
    ],
    ["disk_filling", { reward: LIKES_SEVEN, settings: { alerts: { disk_filling: 1e9 } } }],
  ];
  it("fires nothing when it learns solutions by heart, as supervised learning does", async () => {
    const settings = { algorithm: "sft", optimizer: fast };
    assert.deepEqual(await fired({ settings, evaluations: [false, false, true, true, true] }), []);
  });

  it("fires overfitting when it learns solutions by heart and the held-out accuracy falls", async () => {
    const settings = { algorithm: "sft", optimizer: { ...fast, learning_rate: 0.1 } };
    assert.deepEqual(await fired({ settings, evaluations: [true, true, false, false, false] }), [
      "overfitting",
    ]);
  });

  for (const [rule, made] of CASES) {
    it(`fires ${rule}`, async () => {
      const rules = await fired(made);
      assert.ok(rules.includes(rule), `fired: ${rules.join(", ")}`);
    });
  }
});
