// A real study on the GPU, killed for good in the middle and started again, must end with the same bytes.

import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The smoke study with one seed. */
const STUDY = readFileSync(join(ROOT, "studies", "smoke.toml"), "utf8").replace(
  "seeds = [1, 2]",
  "seeds = [1]",
);

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "ghpo-study-"));
  folders.push(folder);
  writeFileSync(join(folder, "smoke.toml"), STUDY);
  return folder;
}

function study(folder: string, ...flags: string[]) {
  const command = ["trainer/main.ts", "study", join(folder, "smoke.toml"), "--runs", join(folder, "runs")];
  return Bun.spawn([process.execPath, ...command, "--quiet", "--json", ...flags], {
    cwd: ROOT,
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function finish(folder: string, ...flags: string[]) {
  const child = study(folder, ...flags);
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  assert.equal(await child.exited, 0, err);
  return JSON.parse(out);
}

/** All data but the clock's, and the report. */
function outcome(folder: string) {
  const data = join(folder, "data", "smoke");
  const names = readdirSync(data).filter((name) => name !== "timing.jsonl").sort();
  const report = ["smoke.md", "smoke.html", "smoke.svg"].map((name) =>
    readFileSync(join(folder, name), "utf8")
  );
  return [...names.map((name) => [name, readFileSync(join(data, name), "utf8")]), ...report];
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1200 && !condition(); i++) await Bun.sleep(50);
  assert.ok(condition(), "nothing happened for a minute");
}

describe("ghpo study", () => {
  it("ends with the same data and report after SIGKILLs in the middle", { timeout: 300_000 }, async () => {
    const whole = temporary();
    const { missing, costs } = await finish(whole);
    assert.deepEqual(missing, []);
    assert.ok(costs.every((cost: { tflop: number }) => cost.tflop > 0));
    await finish(whole, "--report");

    const killed = temporary();
    const run = (name: string) => join(killed, "runs", "smoke", name);
    const kills = [
      () => existsSync(join(run("grpo-seed1"), "rollouts", "step_000002.jsonl")),
      () => existsSync(join(run("ghpo-seed1"), "rollouts", "step_000001.jsonl")),
    ];
    for (const moment of kills) {
      const child = study(killed);
      await until(moment);
      child.kill("SIGKILL");
      await child.exited;
    }
    const first = join(killed, "data", "smoke", "grpo-seed1.jsonl");
    assert.ok(existsSync(first), "the second process must have finished the first run");
    assert.ok(!existsSync(join(killed, "data", "smoke", "ghpo-seed1.jsonl")), "the kill came too late");
    await finish(killed);
    await finish(killed, "--report");
    assert.deepEqual(outcome(killed), outcome(whole));
  });

  it("prints what is missing and its cost without starting", async () => {
    const folder = temporary();
    const { missing } = await finish(folder, "--dry-run");
    assert.deepEqual(missing, ["grpo-seed1", "ghpo-seed1"]);
    assert.deepEqual(readdirSync(folder), ["smoke.toml"]);
  });
});
