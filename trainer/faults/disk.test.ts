// A real disk that is full, or becomes read-only, in the middle of a run: a small file system in memory, where this
// machine allows to mount one.

import { after, afterEach, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { readCheckpoint } from "../run/checkpoint.ts";
import { UnigramPolicy } from "../loop/testing.ts";
import { outcome, removeTemporary, temporary, unigramRun } from "./harness.ts";

function mount(...args: string[]): boolean {
  try {
    return Bun.spawnSync(["mount", ...args], { stdout: "ignore", stderr: "ignore" }).exitCode === 0;
  } catch {
    return false; // no such program
  }
}

function unmount(folder: string): void {
  Bun.spawnSync(["umount", folder]);
}

function canMount(): boolean {
  const folder = temporary();
  const can = mount("-t", "tmpfs", "-o", "size=1m", "none", folder);
  if (can) unmount(folder);
  removeTemporary();
  return can;
}

/** Takes all the room that is left. */
function fill(file: string): void {
  const descriptor = openSync(file, "w");
  try {
    for (;;) writeSync(descriptor, new Uint8Array(4096));
  } catch (error) {
    assert.match(String(error), /ENOSPC/);
  } finally {
    closeSync(descriptor);
  }
}

const skip = canMount() ? false : "this machine does not allow to mount a file system";

describe("a disk that in mid-run", { skip }, () => {
  let disk: string;
  let whole: ReturnType<typeof outcome>;

  before(async () => {
    const folder = temporary();
    await unigramRun(folder, new UnigramPolicy());
    whole = outcome(folder);
  });
  const open = () => {
    disk = join(temporary(), "disk");
    mkdirSync(disk);
    assert.ok(mount("-t", "tmpfs", "-o", "size=1m", "none", disk));
  };
  afterEach(() => unmount(disk));
  after(removeTemporary);

  /** A run of which the fifth update makes its disk fail. */
  const broken = async (fault: () => void): Promise<string> => {
    open();
    const run = join(disk, "run");
    let updates = 0;
    const policy = new UnigramPolicy((call) => {
      if (call === "step" && ++updates === 5) fault();
    });
    await assert.rejects(unigramRun(run, policy), (error: Error) => {
      assert.match(error.message, /^Cannot write \S+ as the disk is full[^\n]*$/);
      return true;
    });
    return run;
  };

  it("is full ends the run with a sentence; with room again it resumes to the same bytes", async () => {
    const run = await broken(() => fill(join(disk, "filler")));
    readCheckpoint(join(run, "checkpoints", "step_000004"));
    assert.ok(readdirSync(join(run, "checkpoints")).every((entry) => !entry.endsWith(".tmp")));
    rmSync(join(disk, "filler"));
    await unigramRun(run, new UnigramPolicy(), true);
    assert.deepEqual(outcome(run), whole);
  });

  it("has become read-only refuses the resume with a sentence, and takes it when it may be written again", async () => {
    const run = await broken(() => fill(join(disk, "filler")));
    rmSync(join(disk, "filler"));
    assert.ok(mount("-o", "remount,ro", disk));
    await assert.rejects(
      unigramRun(run, new UnigramPolicy(), true),
      /^Error: Cannot write \S+run\.lock as the file system is read-only$/,
    );
    assert.ok(mount("-o", "remount,rw", disk));
    await unigramRun(run, new UnigramPolicy(), true);
    assert.deepEqual(outcome(run), whole);
  });
});
