// Ranks must not change a bit of a run. The whole table is made by tools/equal.ts; one line of it is a test.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { LAUNCHERS, missing, runAlone } from "./testing.ts";

describe("a run with a KL penalty and two iterations", () => {
  const [launcher] = LAUNCHERS as [typeof LAUNCHERS[0]];
  it("has the same bits on two ranks as alone", { timeout: 120_000, skip: missing(launcher) }, async () => {
    const { stdout, code } = await runAlone([
      "trainer/team/tools/equal.ts",
      "--settings",
      "kl",
      "--ranks",
      "2",
    ]);
    assert.match(stdout, /^kl \w{12} \{"none":"-","MPICH 2":"same".*\}\nidentical\n$/);
    assert.equal(code, 0);
  });
});
