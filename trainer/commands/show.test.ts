import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { temporaryFolders } from "#shared/io/testing.ts";
import { aRun, ghpo } from "./testing.ts";
import { RunDirectory } from "../run/directory.ts";
import { plot } from "./show.ts";

const temporary = temporaryFolders();

describe("ghpo show", () => {
  it("names a width that is none", () => {
    assert.match(
      ghpo("show", aRun(temporary()), "--width", "wide").err,
      /^error: Cannot read the flags as --width must/,
    );
  });

  it("prints a summary with plots, or the last values as JSON", () => {
    const run = aRun(temporary());
    const { out } = ghpo("show", run, "--width", "60");
    assert.match(out, /status +stopped, step 20 of 30, 40s/);
    assert.match(out, /\nun-hinted accuracy\n.*│.*█/);
    const { last } = JSON.parse(ghpo("show", run, "--json").out);
    assert.equal(last.entropy, new RunDirectory(run).readMetrics().at(-1)!["entropy"]);
  });
});

describe("plot()", () => {
  it("draws the lowest value as one eighth, the highest as a full column, and gaps as nothing", () => {
    assert.equal(
      plot([1, 2, 3, 4], [0, 1, null, 0.5], 2),
      ["1 │ █ ▁", "0 │▁█ █", "  └────", "   1  4"].join("\n"),
    );
  });
});
