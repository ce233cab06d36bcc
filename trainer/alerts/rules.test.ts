import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ALERT_RULES, type AlertRule, type AlertSettings, AlertsSchema } from "#shared/schemas/alerts.ts";
import type { Metrics } from "#shared/schemas/metrics.ts";
import { parse } from "#shared/schemas/parse.ts";
import { extend, NO_HISTORY } from "./history.ts";
import { type Facts, RULES } from "./rules.ts";

const FACTS: Facts = {
  algorithm: "ghpo",
  hints_after: 0,
  loss_type: "grpo",
  waiting: 0,
  intervals: [2, 2, 2, 3],
  disk_free: 100 * 2 ** 30,
};

/** What a healthy step logs. */
function healthy(step: number): Metrics {
  return {
    step,
    time: step,
    step_time: 2,
    reward: 0.5 + step / 1000,
    "ghpo/accuracy_final": 0.4,
    "ghpo/frac_difficult": 0.4,
    "ghpo/frac_hinted": 0.3,
    frac_reward_zero_std: 0.3,
    grad_norm: 0.7,
    entropy: 0.5,
    kl: 0.02,
    "clip_ratio/region_mean": 0.01,
    "completions/mean_length": 80,
    "completions/clipped_ratio": 0.1,
    "completions/answered_ratio": 0.9,
    "sampling/sampling_logp_difference/mean": 1e-4,
  };
}

/** The rules that hold after some steps; `change` gives what is unlike a healthy step. */
function firing(
  change: (step: number) => Record<string, number | null>,
  o: { steps?: number; settings?: Partial<AlertSettings>; facts?: Partial<Facts> } = {},
): AlertRule[] {
  const settings = parse(AlertsSchema, o.settings ?? {}, "settings");
  let history = NO_HISTORY;
  for (let step = 1; step <= (o.steps ?? 40); step++) {
    history = extend(history, { ...healthy(step), ...change(step) }, settings.patience);
  }
  return ALERT_RULES.filter((rule) => RULES[rule](history, settings, { ...FACTS, ...o.facts }) !== null);
}

/** Changes from step 21 on. */
const later = (values: Record<string, number | null>) => (step: number) => step > 20 ? values : {};

describe("rules", () => {
  it("say nothing of a healthy run, nor of one that has hardly begun", () => {
    assert.deepEqual(firing(() => ({})), []);
    assert.deepEqual(firing(() => ({ "ghpo/accuracy_final": 0, frac_reward_zero_std: 1 }), { steps: 9 }), []);
  });

  const CASES: [AlertRule, ReturnType<typeof later>, Partial<Facts>?][] = [
    ["zero_reward", later({ "ghpo/accuracy_final": 0 })],
    ["equal_rewards", later({ frac_reward_zero_std: 1 })],
    ["zero_gradient", later({ grad_norm: 0 })],
    ["never_hinted", later({ "ghpo/frac_hinted": 0 })],
    ["no_answers", later({ "completions/answered_ratio": 0 })],
    ["cut_off", later({ "completions/clipped_ratio": 0.6 })],
    ["entropy_collapse", later({ entropy: 0.01 })],
    ["kl_runaway", later({ kl: 3 })],
    ["clip_runaway", later({ "clip_ratio/region_mean": 0.4 })],
    ["length_explosion", later({ "completions/mean_length": 400 })],
    ["overfitting", (step) => step % 10 === 0 ? { eval_accuracy: step === 20 ? 0.5 : 0.3 } : {}],
    ["sampler_drift", later({ "sampling/sampling_logp_difference/mean": 0.05 })],
    ["disk_filling", later({}), { disk_free: 2 ** 29 }],
    ["stalled_step", later({}), { waiting: 61 }],
  ];
  it("have a case each", () => assert.deepEqual(CASES.map(([rule]) => rule), [...ALERT_RULES]));

  for (const [rule, change, facts] of CASES) {
    it(`${rule} holds where it should, alone, and for as long as it must`, () => {
      assert.deepEqual(firing(change, facts ? { facts } : {}), [rule]);
      const always = ["overfitting", "sampler_drift", "disk_filling", "stalled_step"].includes(rule);
      if (!always) assert.deepEqual(firing(change, { steps: 22 }), [], "two steps are no trend");
    });
  }

  it("leave out what an algorithm does not do", () => {
    const equal = later({ frac_reward_zero_std: 1 });
    assert.deepEqual(firing(equal, { facts: { algorithm: "sft" } }), []);
    const unhinted = later({ "ghpo/frac_hinted": 0 });
    assert.deepEqual(firing(unhinted, { facts: { hints_after: null } }), []);
    assert.deepEqual(firing(unhinted, { facts: { hints_after: 35 } }), []);
    const clipped = later({ "clip_ratio/region_mean": 0.4 });
    assert.deepEqual(firing(clipped, { facts: { loss_type: "gspo" } }), []);
  });

  it("take a null, as in a step whose update was left out, for no value", () => {
    assert.deepEqual(firing(later({ grad_norm: null })), []);
  });

  it("follow their thresholds", () => {
    const half = later({ "completions/clipped_ratio": 0.6 });
    assert.deepEqual(firing(half, { settings: { cut_off: 0.7 } }), []);
    assert.deepEqual(firing(() => ({ kl: 0.5 }), { settings: { kl_runaway: 0.4 } }), ["kl_runaway"]);
  });

  it("take falling held-out accuracy alone, without a rising reward, for no overfitting", () => {
    const change = (step: number) => ({
      reward: 0.9 - step / 100,
      ...(step % 10 === 0 && { eval_accuracy: step === 20 ? 0.5 : 0.3 }),
    });
    assert.deepEqual(firing(change), []);
  });
});
