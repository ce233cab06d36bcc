// Runs that were killed, stopped or damaged, and go on to the same bytes; where they must not, and why.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolders } from "#shared/io/testing.ts";
import { outcome, run, stopIn } from "./unigram_run.testing.ts";
import { tinyTokenizer, UnigramPolicy } from "./testing.ts";

const temporary = temporaryFolders();

describe("runLoop() after an interruption", () => {
  it("reaches the same bytes when it is killed at any moment and resumed", { timeout: 60_000 }, async () => {
    const whole = temporary();
    let calls = 0;
    await run(whole, { policy: new UnigramPolicy(() => calls++) });
    const expected = outcome(whole);
    for (let kill = 0; kill < calls; kill += 5) {
      const path = temporary();
      let count = 0;
      const dies = new UnigramPolicy(() => {
        if (count++ === kill) throw new Error("killed");
      });
      await assert.rejects(run(path, { policy: dies }), /killed/);
      const { policy, result } = await run(path, { resume: true, policy: new UnigramPolicy() });
      assert.equal(result.step, 6);
      assert.deepEqual(outcome(path), expected, `killed at call ${kill} of ${calls}`);
      assert.ok(policy.logits.some((logit) => logit !== 0));
    }
  });

  it("ignores the half-written files of a killed process", async () => {
    const [whole, path] = [temporary(), temporary()];
    await run(whole);
    await run(path, stopIn(3));
    writeFileSync(
      join(path, "metrics.jsonl"),
      readFileSync(join(path, "metrics.jsonl"), "utf8") + '{"step":',
    );
    writeFileSync(join(path, "rollouts", "step_000004.jsonl"), '{"half');
    await run(path, { resume: true });
    assert.deepEqual(outcome(path).metrics, outcome(whole).metrics);
    assert.deepEqual(outcome(path).rollouts, outcome(whole).rollouts);
  });

  it("saves and returns when it is told to stop, and goes on from there", async () => {
    const [whole, path] = [temporary(), temporary()];
    await run(whole);
    const { result } = await run(path, stopIn(3));
    assert.deepEqual([result.step, result.finished], [3, false]);
    assert.match(result.checkpoint, /step_000003$/);
    await run(path, { resume: true });
    assert.deepEqual(outcome(path).weights, outcome(whole).weights);
  });

  it("keeps the last checkpoint when the disk is full while saving", async () => {
    const path = temporary();
    let saves = 0;
    const full = new UnigramPolicy((name) => {
      if (name === "save the moments" && ++saves === 2) {
        throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      }
    });
    await assert.rejects(
      run(path, { policy: full }),
      /Cannot write .*step_000004 as the disk is full; step_000002 is the last checkpoint$/,
    );
    assert.deepEqual(readdirSync(join(path, "checkpoints")), ["step_000002"]);
    await run(path, { resume: true });
  });

  it("refuses a damaged checkpoint with the file's name and offers the one before it", async () => {
    const path = temporary();
    await run(path);
    const file = join(path, "checkpoints", "step_000006", "optimizer.json");
    const bytes = readFileSync(file);
    bytes[10]! ^= 1;
    writeFileSync(file, bytes);
    const refused =
      /optimizer\.json as its content has changed.*remove that folder to resume from step_000004$/;
    await assert.rejects(run(path, { resume: true }), refused);
    truncateSync(file, 5);
    await assert.rejects(
      run(path, { resume: true }),
      /optimizer\.json as it must have .* bytes: current size is 5/,
    );
    rmSync(file);
    await assert.rejects(run(path, { resume: true }), /optimizer\.json as it does not exist/);
    rmSync(join(path, "checkpoints", "step_000006"), { recursive: true });
    assert.equal((await run(path, { resume: true })).result.step, 6);
  });

  it("refuses to overwrite a run and to resume where there is none", async () => {
    const path = temporary();
    writeFileSync(join(path, "notes.txt"), "mine");
    await assert.rejects(run(path, { resume: true }), /Cannot resume .* as it holds no run$/);
    rmSync(join(path, "notes.txt"));
    await run(path, { resume: true }); // an empty folder, as a job has it that is put back into its queue
    await assert.rejects(run(path), /holds one: add --resume to continue it, or choose another output_dir/);
  });

  it("keeps the time that it was begun for chat templates that tell it", async () => {
    const path = temporary();
    await run(path, stopIn(3));
    const begun = "2026-01-02T03:04:05.000Z";
    writeFileSync(join(path, "begun.json"), JSON.stringify({ begun_at: begun }));
    await run(path, { resume: true });
    assert.equal(tinyTokenizer.chatOptions.now?.toISOString(), begun);
  });
});
