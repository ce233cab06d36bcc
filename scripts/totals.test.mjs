import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { closingLines, readJunit, summarize, summarizeTap } from "./totals.mjs";

const BUN = `<testsuites>
  <testsuite name="a.test.ts">
    <testcase name="adds" classname="sum" file="a.test.ts" />
    <testcase name="fails &lt;&amp;&gt; &#39;q&#39;" classname="sum" file="a.test.ts">
      <failure type="AssertionError" message="1 !== 2">at a.test.ts</failure>
    </testcase>
    <testcase name="needs a file" classname="sum" file="a.test.ts">
      <skipped />
    </testcase>
  </testsuite>
</testsuites>`;

const DENO = `<testsuites>
  <testsuite name="./a.test.ts">
    <testcase name="sum" classname="./a.test.ts"><failure message="1 test step failed">1 test step failed.</failure></testcase>
    <testcase name="whole suite" classname="./a.test.ts"><skipped/></testcase>
  </testsuite>
  <testsuite name="ext:deno_node/testing.ts">
    <testcase name="sum &gt; adds" classname="ext"></testcase>
    <testcase name="sum &gt; inner" classname="ext"></testcase>
    <testcase name="sum &gt; inner &gt; deep" classname="ext"></testcase>
    <testcase name="sum &gt; fails" classname="ext"><failure message="Uncaught">1 !== 2</failure></testcase>
  </testsuite>
</testsuites>`;

describe("readJunit()", () => {
  it("reads names, outcomes and escaped characters", () => {
    assert.deepEqual(readJunit(BUN), [
      { name: "adds", outcome: "passed", message: "" },
      { name: "fails <&> 'q'", outcome: "failed", message: "1 !== 2" },
      { name: "needs a file", outcome: "skipped", message: "" },
    ]);
  });
});

describe("summarize()", () => {
  it("counts Bun's cases and explains its skips", () => {
    const skips = [{ title: "needs a file", reason: "../shared is absent" }];
    const result = summarize({ runner: "bun", code: 1, junit: BUN, output: " 1 pass\n 1 fail\n", skips });
    assert.deepEqual(result, {
      passed: 1,
      failed: ["fails <&> 'q'"],
      skipped: [{ name: "needs a file", reason: "../shared is absent" }],
    });
  });

  it("keeps a skip without a reason", () => {
    const { skipped } = summarize({ runner: "bun", code: 1, junit: BUN, output: "" });
    assert.deepEqual(skipped, [{ name: "needs a file" }]);
  });

  it("counts the leaves of Deno's report, not their suites", () => {
    const result = summarize({ runner: "deno", code: 1, junit: DENO, output: "" });
    assert.equal(result.passed, 2);
    assert.deepEqual(result.failed, ["sum > fails"]);
    assert.deepEqual(result.skipped, [{ name: "whole suite" }]);
  });

  it("takes a test that skipped itself out of Deno's passed ones", () => {
    const skips = [{ title: "deep", reason: "no key" }, { title: "whole suite", reason: "no moon" }];
    const result = summarize({ runner: "deno", code: 1, junit: DENO, output: "", skips });
    assert.equal(result.passed, 1);
    assert.deepEqual(result.skipped, [
      { name: "deep", reason: "no key" },
      { name: "whole suite", reason: "no moon" },
    ]);
  });

  it("counts a file that Bun could not load", () => {
    const result = summarize({ runner: "bun", code: 1, junit: BUN, output: " 1 pass\n 2 fail\n 1 error\n" });
    assert.equal(result.failed.length, 2);
  });

  it("counts a file that Deno could not load", () => {
    const output = "./b.test.ts (uncaught error)\nerror: boom\n\n FAILURES\n./b.test.ts (uncaught error)\n";
    assert.equal(summarize({ runner: "deno", code: 1, junit: DENO, output }).failed.length, 2);
  });

  it("counts a crashed runner that left no report", () => {
    const result = summarize({ runner: "bun", code: 139, junit: "", output: "" });
    assert.deepEqual(result, { passed: 0, failed: ["bun ended with code 139"], skipped: [] });
  });

  it("counts a runner that ended badly though every test passed", () => {
    const junit = '<testcase name="a" classname="" />';
    assert.deepEqual(summarize({ runner: "deno", code: 1, junit, output: "" }).failed, [
      "deno ended with code 1",
    ]);
  });

  it("counts a runner that ran nothing", () => {
    assert.equal(summarize({ runner: "bun", code: 0, junit: "", output: "" }).failed.length, 1);
  });
});

describe("summarizeTap()", () => {
  const tap = `TAP version 13
    # Subtest: a
    not ok 1 - a
      ---
      failureType: 'testCodeFailure'
      ...
    ok 2 - b # SKIP no apt-get
not ok 1 - outer
  ---
  failureType: 'subtestsFailed'
  ...
ok 2 - c
  ---
  duration_ms: 1
  ...
# tests 3
# pass 1
# fail 1
# cancelled 0
# skipped 1
`;
  it("counts tests, not suites, and keeps reasons", () => {
    assert.deepEqual(summarizeTap({ runner: "node", code: 1, output: tap }), {
      passed: 1,
      failed: ["a"],
      skipped: [{ name: "b", reason: "no apt-get" }],
    });
  });

  it("counts a runner that crashed", () => {
    assert.deepEqual(summarizeTap({ runner: "node", code: 9, output: "" }).failed, [
      "node ended with code 9",
    ]);
  });
});

describe("closingLines()", () => {
  it("lists skips with their reasons and ends with the total", () => {
    const lines = closingLines([
      { runner: "bun", passed: 3, failed: ["x"], skipped: [{ name: "s", reason: "no data" }] },
      {
        runner: "deno",
        passed: 4,
        failed: [],
        skipped: [{ name: "s", reason: "no data" }, { name: "t" }, { name: "u", reason: "no data" }],
      },
    ]);
    assert.deepEqual(lines, [
      "failed (bun): x",
      "skipped: s (bun, deno), u (deno): no data; t (deno): no reason given",
      "7 passed, 1 failed",
    ]);
    assert.deepEqual(closingLines([{ runner: "bun", passed: 3, failed: [], skipped: [] }]), [
      "skipped: none",
      "3 passed, 0 failed",
    ]);
  });
});
