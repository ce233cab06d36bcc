import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { removeTemporary, temporary } from "../faults/harness.ts";
import { readJson } from "#shared/io/files.ts";
import { RankLog, ranksFile } from "./rank_log.ts";
import { SOLO, type Team } from "./team.ts";

const PAIR: Team = {
  ...SOLO,
  size: 2,
  allGather: async (_what, work) => [await work(), await work()],
};

afterEach(removeTemporary);

describe("RankLog", () => {
  it("adds up what each rank has waited, and goes when one process goes on", async () => {
    const run = temporary();
    const log = await RankLog.begin(PAIR, run, "some adapter");
    for (const wait of [1, 2]) {
      log.add([{ "team/wait": wait, "team/exchange": 0.5 }, { "team/wait": 0, "team/exchange": 0.25 }]);
    }
    const { ranks } = readJson(ranksFile(run)) as { ranks: Record<string, unknown>[] };
    assert.deepEqual(ranks.map(({ wait, exchange }) => [wait, exchange]), [[3, 1], [0, 0.5]]);
    assert.equal(ranks[1]!["adapter"], "some adapter");
    const alone = await RankLog.begin(SOLO, run, "some adapter");
    alone.add([{}]);
    assert.ok(!existsSync(ranksFile(run)));
  });
});
