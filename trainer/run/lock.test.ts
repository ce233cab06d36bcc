import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { temporaryFolders } from "#shared/io/testing.ts";
import { lockRun, runningOwner } from "./lock.ts";

const temporary = temporaryFolders();

/** A process that takes the lock, says so and waits. */
async function holder(run: string) {
  const script = `
    const { lockRun } = await import(${JSON.stringify(join(import.meta.dir, "lock.ts"))});
    globalThis.lock = lockRun(${JSON.stringify(run)});
    console.log("locked");
    setInterval(() => {}, 1000);`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  const reader = child.stdout.getReader();
  assert.match(new TextDecoder().decode((await reader.read()).value), /locked/);
  return child;
}

describe("lockRun()", () => {
  it("refuses a second process with a sentence that names the first, until that is killed", async () => {
    const run = temporary();
    const child = await holder(run);
    try {
      assert.throws(() => lockRun(run), (error: Error) => {
        assert.match(
          error.message,
          new RegExp(`as process ${child.pid} on ${hostname()}, since .* is running it`),
        );
        return true;
      });
      assert.equal(runningOwner(run)?.pid, child.pid);
    } finally {
      child.kill("SIGKILL");
      await child.exited;
    }
    assert.equal(runningOwner(run), null);
    lockRun(run)[Symbol.dispose]();
  });

  it("can be taken again after it was let go, in the same process", () => {
    const run = temporary();
    {
      using _lock = lockRun(run);
      assert.throws(() => lockRun(run), /is running it/);
      assert.equal(runningOwner(run)?.pid, process.pid);
    }
    assert.equal(runningOwner(run), null);
    lockRun(run)[Symbol.dispose]();
  });

  it("does not look at clocks or process numbers of a former owner", () => {
    const run = temporary();
    const future = { pid: process.pid, host: hostname(), since: "2999-01-01T00:00:00.000Z" };
    writeFileSync(join(run, "owner.json"), JSON.stringify(future));
    writeFileSync(join(run, "run.lock"), "");
    assert.equal(runningOwner(run), null);
    lockRun(run)[Symbol.dispose]();
  });

  it("says nothing of a folder without a lock", () => {
    assert.equal(runningOwner(temporary()), null);
  });
});
