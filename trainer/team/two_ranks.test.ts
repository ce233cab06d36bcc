// A training run on two ranks: alerts are told once, and a rank whose data file has other contents is named.

import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { readJsonl, writeJsonl } from "#shared/io/jsonl.ts";
import { syntheticProblems } from "#shared/problems/synthetic.ts";
import { removeTemporary, temporary } from "../faults/harness.ts";
import { LAUNCHERS, missing, ROOT, runRanks } from "./testing.ts";

const [launcher] = LAUNCHERS as [typeof LAUNCHERS[0]];
const MAIN = join(ROOT, "trainer/main.ts");
const SMALL = [
  ...["--quiet", "--train.shards", "2", "--train.max_steps", "2", "--train.prompts_per_step", "4"],
  ...["--generation.num_generations", "4", "--generation.max_completion_length", "4"],
  ...["--ghpo.cold_start_steps", "0", "--eval.eval_every", "0", "--force"],
];

afterEach(removeTemporary);

describe("two ranks", { skip: missing(launcher) }, () => {
  it("tell of what goes wrong once", { timeout: 60_000 }, async () => {
    const run = join(temporary(), "run");
    // Nothing ends within four tokens.
    const words = [MAIN, "train", "demo", "--output_dir", run, ...SMALL, "--alerts.patience", "1"];
    const { code, stdout, stderr } = await runRanks(launcher, 2, words);
    assert.equal(code, 0, stderr);
    const lines = [...readJsonl(join(run, "alerts.jsonl"))];
    const alerts = lines.map(({ value }) => value as { rule: string; step: number });
    const cut = alerts.filter(({ rule }) => rule === "cut_off");
    assert.deepEqual(cut.map(({ step }) => step), [1]);
    assert.equal(new Set(alerts.map((alert) => JSON.stringify(alert))).size, alerts.length);
    assert.equal(stdout.match(/^ {2}alert +cut_off at step 1/gm)?.length, 1, stdout);
  });

  it("are refused when a file of problems differs, by rank and cause", { timeout: 60_000 }, async () => {
    const folder = temporary();
    const run = join(folder, "run");
    const problems = syntheticProblems({
      families: ["chain"],
      levels: [3],
      count: 8,
      seed: 1,
      split: "train",
    });
    const rows = problems.map(({ text, answer, trace }) => ({ text, answer, solution: trace!.text }));
    for (const [name, own] of [["a", rows], ["b", rows.slice(1)]] as const) {
      mkdirSync(join(folder, name));
      writeJsonl(join(folder, name, "own.jsonl"), own);
    }
    // The same relative path in the folders of two machines.
    const line = [
      ...[MAIN, "train", "demo", "--output_dir", run, ...SMALL],
      ...["--data.path", "own.jsonl", "--data.families", "[]"],
      ...["--data.columns", '{ text = "text", answer = "answer", trace = "solution" }'],
    ];
    const words = [...line, ":", "-n", "1", "-wdir", join(folder, "b"), process.execPath, ...line];
    const place = join(folder, "a");
    const { code, stderr, orphans } = await runRanks(launcher, 1, words, {}, undefined, place);
    const said = stderr.split("\n").filter((text) => text.startsWith("error: "));
    assert.deepEqual([code === 0, orphans, existsSync(run), said.length], [false, 0, false, 1], stderr);
    assert.match(
      said[0]!,
      /as the digest of the training problems must .*: rank 1 has \w{64}, rank 0 has \w{64}$/,
    );
  });
});
