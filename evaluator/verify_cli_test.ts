import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const command = fileURLToPath(import.meta.resolve("../shared/verify/cli.ts"));

function verify(...args: string[]): { status: number; out: string; err: string } {
  // Not spawnSync, which would have to be allowed to read the whole environment.
  const run = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", command, ...args],
  })
    .outputSync();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { status: run.code, out: text(run.stdout), err: text(run.stderr) };
}

describe("the verify command", () => {
  it("compares two texts and explains itself", () => {
    const { status, out } = verify("1/2", "so \\boxed{0.5}", "--explain");
    assert.equal(status, 0);
    assert.match(
      out,
      /^equal\nextracted: 0\.5 \(characters 10 to 13, in the last box\)\ngold: 1\/2\n[^]*\ntier: rational\n/,
    );
    assert.equal(verify("1/2", "\\boxed{0.6}").status, 1);
  });

  it("reports the golds of a data set by row", () => {
    const folder = mkdtempSync(join(tmpdir(), "verify-golds-"));
    try {
      const file = join(folder, "golds.jsonl");
      const golds = ["3/4", "All multiples of 7", "\\text{east}", "\\undefinedmacro{3}", "5, 15"];
      writeFileSync(file, golds.map((answer) => JSON.stringify({ answer })).join("\n"));
      const { status, out } = verify("--check-gold", file);
      assert.equal(status, 1);
      assert.match(out, /^row 2: prose: All multiples of 7/m);
      assert.match(out, /^row 3: words: /m);
      assert.match(out, /^row 4: unreadable: /m);
      assert.match(out, /^5 golds: 2 mathematics, 1 words, 1 prose, 0 ambiguous, 1 unreadable$/m);
      assert.match(verify("--check-gold", file, "--column", "gold").err, /has no column gold/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("refuses directories and a missing text in one sentence, with exit code 2", () => {
    const folder = mkdtempSync(join(tmpdir(), "verify-directory-"));
    try {
      for (const flag of ["--batch", "--check-gold"]) {
        const { status, out, err } = verify(flag, folder);
        assert.deepEqual([status, out], [2, ""]);
        assert.match(err, /^Cannot read \S+ as it is a directory[^\n]*\n$/);
      }
      const { status, err } = verify("1/2");
      assert.equal(status, 2);
      assert.equal(
        err,
        "Cannot compare as two texts are needed: current number is 1: verify GOLD COMPLETION\n",
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("prints one JSON object with --json and nothing else", () => {
    const { out } = verify("(1,2)", "\\boxed{\\{1,2\\}}", "--preset", "report", "--json");
    assert.equal(JSON.parse(out).verdict, true);
    assert.equal(JSON.parse(verify("(1,2)", "\\boxed{\\{1,2\\}}", "--json").out).verdict, false);
  });

  it("changes single settings of a preset", () => {
    assert.equal(verify("1, 2", "2, 1", "--preset", "report").status, 0);
    assert.equal(verify("1, 2", "2, 1", "--preset", "report", "--set", "ordered=true").status, 1);
  });

  it("verifies a batch line by line, names unreadable lines and goes on", () => {
    const folder = mkdtempSync(join(tmpdir(), "verify-batch-"));
    try {
      const file = join(folder, "rows.jsonl");
      const rows = [
        { id: "right", gold: "3/4", pred: "0.75" },
        { id: "wrong", gold: "3/4", pred: "0.76", note: "other keys are ignored" },
        { id: "unread", gold: "3/4", pred: "\\boxed{\\mystery{3}}" },
        { id: "ordered", gold: "1, 2", pred: "2, 1", policy: "order-sensitive-list" },
        { id: "letter", gold: "B", pred: "I choose B", opts: { match_types: ["NativeLetters"] } },
      ];
      writeFileSync(file, rows.map((row) => JSON.stringify(row)).join("\n") + '\n{"id": 7}\n');
      const { status, out, err } = verify("--batch", file, "--preset", "report");
      const verdicts = out.trim().split("\n").map((line) => JSON.parse(line)).map((
        { id, verdict },
      ) => [id, verdict]);
      assert.deepEqual(verdicts, [
        ["right", true],
        ["wrong", false],
        ["unread", "undecided"],
        ["ordered", false],
        ["letter", true],
      ]);
      assert.equal(status, 1);
      assert.match(err, /^Cannot read line 6 as gold must be a string/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("says in one sentence what is wrong", () => {
    assert.match(
      verify("1", "1", "--preset", "lenient").err,
      /^Cannot use preset "lenient" as it is unknown: use strict, /,
    );
    assert.match(
      verify("1", "1", "--set", "box=last").err,
      /^Cannot set "box" as it is no setting: use chains, /,
    );
    assert.equal(verify("--batch", "absent.jsonl").err, "Cannot read absent.jsonl as it does not exist\n");
  });
});
