import { describe, it } from "node:test";
import assert from "node:assert/strict";

const here = (name: string) => JSON.stringify(`${import.meta.dirname}/${name}`);

/** What a program writes to standard error, which native code writes to in the same way. */
function errorsOf(program: string): string {
  const { stderr, exitCode } = Bun.spawnSync([process.execPath, "-e", program]);
  assert.equal(exitCode, 0, stderr.toString());
  return stderr.toString();
}

const skip = process.platform !== "linux" && "only Linux has drivers that make Dawn print them";

describe("withoutKnownWarnings()", { skip }, () => {
  it("leaves out Dawn's two lines, and nothing else", () => {
    const line = (kind: string, text = "to fit dynamic offset allocation limit.") =>
      `Warning: maxDynamic${kind}BuffersPerPipelineLayout artificially reduced from 1000000 to 16 ${text}\n`;
    const lines = [
      "first\n",
      line("Uniform"),
      line("Storage"),
      line("Uniform", "for another reason"),
      "last",
    ];
    const errors = errorsOf(`
      import { writeSync } from "node:fs";
      import { withoutKnownWarnings } from ${here("./dawn_warnings.ts")};
      withoutKnownWarnings(() => { for (const line of ${JSON.stringify(lines)}) writeSync(2, line); });
      writeSync(2, "|after");
    `);
    assert.equal(errors, [lines[0], lines[3], lines[4], "|after"].join(""));
  });

  it("passes on what is written before a throw", () => {
    const errors = errorsOf(`
      import { writeSync } from "node:fs";
      import { withoutKnownWarnings } from ${here("./dawn_warnings.ts")};
      try { withoutKnownWarnings(() => { writeSync(2, "a reason"); throw new Error("no"); }); }
      catch (error) { writeSync(2, "; " + error.message); }
    `);
    assert.equal(errors, "a reason; no");
  });

  it("keeps them out of what a command prints", () => {
    const errors = errorsOf(`
      import { dawn } from ${here("./dawn.ts")};
      if (await dawn().requestAdapter() === null) throw new Error("no adapter");
      process.exit(0);
    `);
    assert.doesNotMatch(errors, /artificially reduced/);
  });
});
