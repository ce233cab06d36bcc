// A scheduler's warning that reaches one rank only: all save and stop at the end of the step.

import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { readJson } from "#shared/io/files.ts";
import { parse } from "#shared/schemas/parse.ts";
import { removeTemporary, temporary } from "../faults/harness.ts";
import { listCheckpoints } from "../run/checkpoint.ts";
import { RunDirectory } from "../run/directory.ts";
import { ranksFile, RanksSchema } from "./rank_log.ts";
import { LAUNCHERS, missing, runRanks } from "./testing.ts";

afterEach(removeTemporary);

describe("SIGUSR1 to one of two ranks", () => {
  const [launcher] = LAUNCHERS as [typeof LAUNCHERS[0]];
  it("saves and stops both", { timeout: 60_000, skip: missing(launcher) }, async () => {
    const run = join(temporary(), "run");
    const line = [
      ...[
        "trainer/main.ts",
        "train",
        "demo",
        "--quiet",
        "--resume",
        "--output_dir",
        run,
        "--train.shards",
        "2",
      ],
      ...["--train.max_steps", "1000", "--train.prompts_per_step", "4", "--eval.eval_every", "0"],
      ...["--generation.num_generations", "4", "--generation.max_completion_length", "24"],
    ];
    const metrics = join(run, "metrics.jsonl");
    let timer: ReturnType<typeof setInterval> | undefined;
    const { code, stdout } = await runRanks(launcher, 2, line, {}, (processes) => {
      timer = setInterval(() => {
        if (!existsSync(metrics) || !readFileSync(metrics, "utf8").includes("\n")) return;
        clearInterval(timer);
        process.kill(processes("RANK=1")[0]!, "SIGUSR1");
      }, 100);
    });
    clearInterval(timer);
    const [, step] = /^Stopped after step (\d+) of 1000\.$/m.exec(stdout) ?? [];
    assert.notEqual(code, 0);
    assert.deepEqual(listCheckpoints(join(run, "checkpoints")), [Number(step)]);
    assert.equal(new RunDirectory(run).readMetrics().length, Number(step));
    const { seconds, ranks } = parse(RanksSchema, readJson(ranksFile(run)), "ranks.json");
    assert.equal(ranks.length, 2);
    for (const { host, adapter, wait, exchange } of ranks) {
      assert.deepEqual([host, adapter === ranks[0]!.adapter, adapter.length > 0], [hostname(), true, true]);
      assert.ok(wait + exchange > 0 && wait + exchange < seconds, `${wait} + ${exchange} of ${seconds} s`);
    }
  });
});
