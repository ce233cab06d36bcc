// The GPU device is taken away in each phase of a step: the run recovers by itself and ends with the same bytes.

import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import type { EnginePolicy } from "../learner/gpu_policy.ts";
import { withDevice } from "../learner/recovery.ts";
import type { TrainResult } from "../loop/train.ts";
import {
  engineRun,
  openSmall,
  openSmallSft,
  outcome,
  removeTemporary,
  sftRun,
  smallRecipe,
  smallSftRecipe,
  temporary,
} from "./harness.ts";

const STEPS = 3;
afterEach(removeTemporary);

type Method = "generate" | "forward" | "backward" | "step";

/** Destroys the device in the middle of the n-th call of a method. */
function losing(policy: EnginePolicy, method: Method, call: number): EnginePolicy {
  const original = policy[method].bind(policy) as (...args: unknown[]) => Promise<unknown>;
  let calls = 0;
  const replacement = (...args: unknown[]) => {
    const pending = original(...args);
    if (++calls === call) policy.model.gpu.device.destroy();
    return pending;
  };
  return Object.assign(policy, { [method]: replacement });
}

/** Runs undisturbed, then loses the device in the second call of each method: all must end with the same bytes. */
async function compare<R>(
  methods: readonly Method[],
  recipeFor: (run: string) => R,
  open: (recipe: R) => Promise<EnginePolicy>,
  run: (recipe: R, policy: EnginePolicy, resume: boolean) => Promise<TrainResult>,
): Promise<void> {
  const whole = temporary();
  const recipe = recipeFor(whole);
  const policy = await open(recipe);
  await run(recipe, policy, false);
  policy.close();
  const expected = outcome(whole);
  for (const method of methods) {
    const folder = temporary();
    const own = recipeFor(folder);
    let opened = 0;
    const lost: string[] = [];
    const openOne = async () => {
      const fresh = await open(own);
      return opened++ === 0 ? losing(fresh, method, 2) : fresh;
    };
    const result = await withDevice(openOne, (fresh, resume) => run(own, fresh, resume), {
      resume: false,
      onLost: ({ message }) => lost.push(message),
    });
    assert.deepEqual([result.step, opened], [STEPS, 2], method);
    assert.match(lost.join("\n"), /^Cannot continue as the GPU device was lost/);
    assert.deepEqual(outcome(folder), expected, method);
  }
}

describe("a lost device", () => {
  it("costs a training run no step, whenever it is lost", { timeout: 120_000 }, async () => {
    const recipeFor = (run: string) => smallRecipe(run, STEPS);
    await compare(["generate", "forward", "backward", "step"], recipeFor, openSmall, engineRun);
  });

  it("costs supervised fine-tuning none either", { timeout: 120_000 }, async () => {
    const recipeFor = (run: string) => smallSftRecipe(run, STEPS);
    await compare(
      ["forward", "backward", "step"],
      recipeFor,
      openSmallSft,
      (recipe, policy, resume) => sftRun(recipe, policy, policy.tokenizer, resume),
    );
  });

  it("is not taken for any other fault", async () => {
    const open = () => Promise.resolve({ close() {} });
    const fails = () => Promise.reject(new Error("another fault"));
    await assert.rejects(withDevice(open, fails, { resume: false, onLost: () => {} }), /another fault/);
  });
});
