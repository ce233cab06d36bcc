// The machine's clock jumps by years, back and forth, during a run. Nothing may depend on it.

import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { lockRun, runningOwner } from "../run/lock.ts";
import { RunDirectory } from "../run/directory.ts";
import { requestSteering } from "../run/steering.ts";
import { UnigramPolicy } from "../loop/testing.ts";
import { outcome, removeTemporary, temporary, unigramRun } from "./harness.ts";

const RealDate = Date;
afterEach(() => {
  globalThis.Date = RealDate;
  removeTemporary();
});

/** From now on every look at the clock shows another year, alternately later and earlier. */
function unsteadyClock(): () => number {
  let looks = 0;
  const now = () => RealDate.UTC(2030 + (++looks % 2 === 0 ? looks : -looks), 0, 1);
  globalThis.Date = class extends RealDate {
    constructor(value?: number | string) {
      super(value ?? now());
    }
    static override now = now;
  } as DateConstructor;
  return () => looks;
}

/** A steered run that is killed after five updates and resumed. */
async function brokenRun(): Promise<string> {
  const run = temporary();
  let updates = 0;
  const policy = new UnigramPolicy((name) => {
    if (name === "generate" && updates === 5) throw new Error("killed");
    if (name === "step" && ++updates === 2) requestSteering(run, { action: "set", learning_rate: 0.5 });
  });
  await assert.rejects(unigramRun(run, policy), /killed/);
  await unigramRun(run, new UnigramPolicy(), true);
  return run;
}

describe("a clock that jumps", () => {
  it("changes neither the weights of a steered and resumed run nor the order of its records", async () => {
    const steady = await brokenRun();
    const looks = unsteadyClock();
    const run = await brokenRun();
    assert.ok(looks() > 5, "the clock must have been looked at");
    assert.deepEqual(outcome(run), outcome(steady));
    const times = new RunDirectory(run).readMetrics().map(({ time }) => time);
    assert.deepEqual(times, times.toSorted((a, b) => a - b));
    assert.ok(times[0]! >= 0 && times.at(-1)! < 60, `seconds of training: ${times.join(", ")}`);
  });

  it("neither frees a lock nor keeps one", () => {
    const run = temporary();
    unsteadyClock();
    {
      using _lock = lockRun(run);
      assert.throws(() => lockRun(run), /is running it/);
    }
    assert.equal(runningOwner(run), null);
    lockRun(run)[Symbol.dispose]();
  });
});
