// Alerts on ranks: rank 0 tells of them, once, and they are those of the same run alone.

import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readText } from "#shared/io/files.ts";
import { readAlerts } from "../alerts/watch.ts";
import { removeTemporary, temporary } from "../faults/harness.ts";
import { LAUNCHERS, missing, runAlone, runRanks } from "./testing.ts";

afterEach(removeTemporary);

describe("a run on two ranks whose completions are all cut off", () => {
  const [launcher] = LAUNCHERS as [typeof LAUNCHERS[0]];
  it("fires its alerts once, as alone", { timeout: 120_000, skip: missing(launcher) }, async () => {
    const folder = temporary();
    const told = join(folder, "told");
    const line = (run: string, ...more: string[]) => [
      ...["trainer/main.ts", "train", "demo", "--output_dir", join(folder, run), "--train.shards", "2"],
      ...["--max_steps", "4", "--prompts_per_step", "4", "--max_completion_length", "2"],
      ...["--eval.eval_every", "0", "--alerts.patience", "3", ...more],
    ];
    const ranks = await runRanks(
      launcher,
      2,
      line("ranks", "--alerts.command", JSON.stringify(["sh", "-c", `printf "%s\\n" "$(cat)" >> ${told}`])),
    );
    assert.equal(ranks.code, 0, ranks.stderr);
    const alone = await runAlone(line("alone"));
    assert.equal(alone.code, 0, alone.stderr);
    const alerts = readAlerts(join(folder, "ranks"));
    assert.ok(alerts.some(({ rule }) => rule === "cut_off"));
    assert.deepEqual(alerts, readAlerts(join(folder, "alone")));
    const lines = (text: string) =>
      text.replaceAll("\r", "\n").split("\n").filter((each) => /alert \w+ at step/.test(each));
    assert.equal(lines(ranks.stderr).length, alerts.length, ranks.stderr);
    assert.ok(existsSync(told));
    const rules = readText(told).trim().split("\n").filter((each) => each !== "").map((each) =>
      JSON.parse(each).rule
    );
    assert.deepEqual(rules.sort(), alerts.map(({ rule }) => rule).sort());
  });
});
