// A run that was steered and then killed must repeat what was done to it, at the same steps.

import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { listCheckpoints } from "../run/checkpoint.ts";
import { readEvents, requestSteering } from "../run/steering.ts";
import { UnigramPolicy } from "../loop/testing.ts";
import { outcome, removeTemporary, temporary, unigramRun } from "./harness.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
afterEach(removeTemporary);

/** A policy that asks for a new learning rate in its second update and a new temperature in its fourth. */
function steeredPolicy(run: string, die: number) {
  let calls = 0;
  let updates = 0;
  return new UnigramPolicy((name) => {
    if (calls++ === die) throw new Error("killed");
    if (name !== "step") return;
    if (++updates === 2) requestSteering(run, { action: "set", learning_rate: 0.5 });
    if (updates === 4) requestSteering(run, { action: "set", temperature: 0.6 });
  });
}

describe("a steered run", () => {
  it(
    "ends with the same bytes when it is killed at any moment and resumed",
    { timeout: 60_000 },
    async () => {
      const whole = temporary();
      await unigramRun(whole, steeredPolicy(whole, Infinity));
      assert.deepEqual(readEvents(whole).map(({ step }) => step), [2, 4]);
      const expected = outcome(whole);
      const plain = temporary();
      await unigramRun(plain, new UnigramPolicy());
      assert.notDeepEqual(outcome(plain).files, expected.files, "steering must make a difference");
      let compared = 0;
      for (let die = 18; die < 60; die += 3) {
        const run = temporary();
        let killed = false;
        await unigramRun(run, steeredPolicy(run, die)).catch((error: Error) => {
          // A kill while a checkpoint is written also says which one is left.
          assert.match(error.message, /^killed(; step_\d{6} is the last checkpoint)?$/);
          killed = true;
        });
        // From here on nobody steers, as long as both changes had been made.
        if (!killed || readEvents(run).length < 2) continue;
        await unigramRun(run, new UnigramPolicy(), true);
        assert.deepEqual(outcome(run), expected, `killed at call ${die}`);
        compared++;
      }
      assert.ok(compared > 3, `${compared} kills came after both changes`);
    },
  );

  it("does so on the real engine after SIGKILL", { timeout: 120_000 }, async () => {
    const settings = [
      ...["--train.max_steps", "8", "--train.prompts_per_step", "4", "--generation.num_generations", "4"],
      ...[
        "--generation.max_completion_length",
        "24",
        "--eval.eval_every",
        "0",
        "--checkpoint.save_every",
        "3",
      ],
    ];
    const start = (run: string, ...more: string[]) =>
      Bun.spawn(
        [
          process.execPath,
          "trainer/main.ts",
          "train",
          "demo",
          "--quiet",
          "--output_dir",
          run,
          ...settings,
          ...more,
        ],
        { cwd: ROOT, stdout: "ignore", stderr: "pipe" },
      );
    const finish = async (child: ReturnType<typeof start>) => {
      const message = await new Response(child.stderr).text();
      assert.equal(await child.exited, 0, message);
    };
    const killed = temporary();
    mkdirSync(killed, { recursive: true });
    const first = start(killed);
    const steps = async (count: number) => {
      while (!existsSync(join(killed, "rollouts", `step_${String(count).padStart(6, "0")}.jsonl`))) {
        if (first.exitCode !== null) await finish(first).then(() => assert.fail("it ended too early"));
        await Bun.sleep(5);
      }
    };
    await steps(1);
    requestSteering(killed, { action: "set", learning_rate: 0.002 });
    await steps(2);
    requestSteering(killed, { action: "set", temperature: 0.7 });
    await steps(5);
    first.kill("SIGKILL");
    await first.exited;
    assert.equal(first.signalCode, "SIGKILL", "it must not have ended before");
    const events = readEvents(killed);
    assert.deepEqual(events.map((e) => [e.learning_rate, e.temperature]), [[0.002, undefined], [
      undefined,
      0.7,
    ]]);
    assert.ok(Math.max(...listCheckpoints(join(killed, "checkpoints"))) < 8);
    await finish(start(killed, "--resume"));

    // The same events from the beginning, in a run that nobody disturbs.
    const whole = temporary();
    copyFileSync(join(killed, "events.jsonl"), join(whole, "events.jsonl"));
    await finish(start(whole));
    assert.deepEqual(outcome(killed), outcome(whole));
    const plain = temporary();
    await finish(start(plain));
    assert.notDeepEqual(outcome(plain).files, outcome(whole).files, "steering must make a difference");
  });
});
