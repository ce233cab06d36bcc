import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolders } from "#shared/io/testing.ts";
import { aRun, ghpo } from "./testing.ts";
import { csv } from "./export.ts";
import { writeByteModel } from "./init/models.testing.ts";

const temporary = temporaryFolders();

describe("ghpo export", () => {
  it("writes an event file or CSV beside the run", () => {
    const run = aRun(temporary());
    const done = JSON.parse(ghpo("export", run, "--json").out);
    assert.equal(done.records, 20);
    assert.match(done.file, /export\/events\.out\.tfevents\.\d+\.ghpo$/);
    ghpo("export", run, "--format", "csv");
    const lines = readFileSync(join(run, "export", "metrics.csv"), "utf8").split("\r\n");
    assert.equal(lines.length, 22);
    assert.match(lines[0]!, /^step,time,reward,/);
    assert.match(ghpo("export", run, "--format", "xml").err, /Cannot export as xml: the format must be/);
  });

  it("leaves a cell of CSV empty where there is no value", () => {
    assert.equal(
      csv([{ step: 1, time: 2, a: null }, { step: 2, time: 3, b: 1 }]),
      "step,time,a,b\r\n1,2,,\r\n2,3,,1\r\n",
    );
  });

  it(
    "writes the file that --out names, and leaves no folder behind what it refuses",
    { timeout: 60_000 },
    () => {
      const folder = temporary();
      const model = join(folder, "model");
      writeByteModel(model);
      const gguf = (out: string) => ghpo("export", model, "--format", "gguf", "--out", join(folder, out));
      assert.equal(gguf("new/a.gguf").code, 0);
      assert.equal(readFileSync(join(folder, "new/a.gguf")).subarray(0, 4).toString(), "GGUF");
      mkdirSync(join(folder, "b.gguf"));
      gguf("b.gguf");
      assert.deepEqual(readdirSync(join(folder, "b.gguf")), ["model-f16.gguf"]);
      assert.equal(
        ghpo("export", aRun(temporary()), "--format", "csv", "--out", join(folder, "c.csv")).code,
        0,
      );
      assert.match(readFileSync(join(folder, "c.csv"), "utf8"), /^step,/);
      rmSync(join(model, "model.safetensors"));
      assert.equal(gguf("x/y").code, 1);
      assert.equal(gguf("new/z").code, 1);
      assert.deepEqual([readdirSync(folder).sort(), readdirSync(join(folder, "new"))], [
        ["b.gguf", "c.csv", "model", "new"],
        ["a.gguf"],
      ]);
    },
  );
});
