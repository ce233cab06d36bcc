// The right to write is missing at the start, or is lost in the middle of a run. Root may write everywhere, so the run
// is a process of an ordinary user.

import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readCheckpoint } from "../run/checkpoint.ts";
import { UnigramPolicy } from "../loop/testing.ts";
import { outcome, removeTemporary, temporary, unigramRun } from "./harness.ts";

const PROGRAM = fileURLToPath(new URL("./unigram_run.ts", import.meta.url));
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

afterEach(removeTemporary);

/** Runs unigram_run.ts as a user who is not root. */
function bag(...words: string[]) {
  const user = isRoot ? ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--"] : [];
  const { exitCode, stderr } = Bun.spawnSync([...user, process.execPath, PROGRAM, ...words], {
    env: { ...process.env, HOME: "/tmp" },
  });
  return { code: exitCode, error: stderr.toString() };
}

/** A folder that the ordinary user owns. */
function ownFolder(): string {
  const folder = temporary();
  if (isRoot) chownSync(folder, NOBODY, NOBODY);
  return folder;
}

function reasonToSkip(): string | false {
  if (process.platform === "win32") return "Windows has no such permissions";
  try {
    const { code, error } = bag(join(ownFolder(), "run"));
    return code === 0
      ? false
      : `an ordinary user cannot run this project here: ${error.trim().slice(0, 200)}`;
  } catch {
    return "root cannot become another user here";
  } finally {
    removeTemporary();
  }
}

describe("a run without the right to write", { skip: reasonToSkip() }, () => {
  it("does not begin in a folder that is read-only", () => {
    const folder = ownFolder();
    chmodSync(folder, 0o555);
    const { code, error } = bag(join(folder, "run"));
    assert.equal(code, 1);
    assert.match(error, /^error: Cannot write \S+ as its permissions forbid it\n$/);
    assert.equal(existsSync(join(folder, "run")), false);
    const run = join(ownFolder(), "run");
    mkdirSync(run, { mode: 0o555 });
    assert.match(bag(run).error, /^error: Cannot write \S+run\.lock as its permissions forbid it\n$/);
    assert.deepEqual(readdirSync(run), []);
  });

  const LOST = [["checkpoints"], ["rollouts"], ["metrics.jsonl"], [
    ".",
    "checkpoints",
    "rollouts",
    "metrics.jsonl",
  ]];
  for (const parts of LOST) {
    const name = parts[0] === "." ? "everywhere" : `in ${parts[0]}`;
    it(`that loses it ${name} stops with a sentence, and can go on from its last checkpoint`, async () => {
      const run = join(ownFolder(), "run");
      const { code, error } = bag(run, ...parts.flatMap((part) => ["--forbid", part]));
      assert.equal(code, 1);
      assert.match(error, /^error: Cannot write [^\n]+ as its permissions forbid it[^\n]*\n$/);
      readCheckpoint(join(run, "checkpoints", "step_000004"));
      for (const part of parts) chmodSync(join(run, part), 0o755);
      assert.deepEqual(bag(run, "--resume"), { code: 0, error: "" });
      const whole = temporary();
      await unigramRun(whole, new UnigramPolicy());
      assert.deepEqual(outcome(run), outcome(whole));
    });
  }
});
