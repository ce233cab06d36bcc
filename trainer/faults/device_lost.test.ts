// The GPU device is taken away in each phase of a step: the run goes on by itself and ends with the same bytes.

import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import type { EnginePolicy } from "../engine.ts";
import { withDevice } from "../recover.ts";
import { engineRun, openSmall, outcome, removeTemporary, smallRecipe, temporary } from "./harness.ts";

const STEPS = 3;
afterEach(removeTemporary);

/** Destroys the device in the middle of the n-th call of a method. */
function losing(policy: EnginePolicy, method: "generate" | "backward" | "step", call: number): EnginePolicy {
  const original = policy[method].bind(policy) as (...args: unknown[]) => Promise<unknown>;
  let calls = 0;
  const replacement = (...args: unknown[]) => {
    const pending = original(...args);
    if (++calls === call) policy.model.gpu.device.destroy();
    return pending;
  };
  return Object.assign(policy, { [method]: replacement });
}

describe("a lost device", () => {
  it("costs no step, whenever it is lost", { timeout: 120_000 }, async () => {
    const whole = temporary();
    const recipe = smallRecipe(whole, STEPS);
    const policy = await openSmall(recipe);
    await engineRun(recipe, policy, false);
    policy.close();
    const expected = outcome(whole);
    for (const method of ["generate", "backward", "step"] as const) {
      const run = temporary();
      const own = smallRecipe(run, STEPS);
      let opened = 0;
      const lost: string[] = [];
      const open = async () => {
        const fresh = await openSmall(own);
        return opened++ === 0 ? losing(fresh, method, 2) : fresh;
      };
      const result = await withDevice(open, (fresh, resume) => engineRun(own, fresh, resume), {
        resume: false,
        onLost: ({ message }) => lost.push(message),
      });
      assert.deepEqual([result.step, opened], [STEPS, 2], method);
      assert.match(lost.join("\n"), /^Cannot go on as the GPU device was lost/);
      assert.deepEqual(outcome(run), expected, method);
    }
  });

  it("is not taken for any other fault", async () => {
    const open = () => Promise.resolve({ close() {} });
    const fails = () => Promise.reject(new Error("another fault"));
    await assert.rejects(withDevice(open, fails, { resume: false, onLost: () => {} }), /another fault/);
  });
});
