import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { initFolder } from "./init/init_folder.testing.ts";
import { checkDataCommand } from "./check_data.ts";

const { ascii, made } = initFolder();

describe("check-data", () => {
  it("takes a data file by itself, and no settings of a recipe with it", async () => {
    const path = made("plain.csv");
    const said: string[] = [];
    const log = console.log;
    console.log = (line: string) => said.push(line);
    try {
      await checkDataCommand(path, { json: true }, [["model", ascii], ["columns", "answer=gold"]]);
      await assert.rejects(
        checkDataCommand(path, {}, [["model", ascii], ["train.max_steps", "3"]]),
        /^TypeError: Cannot check .*plain\.csv with --train\.max_steps as a data file has no recipe/,
      );
    } finally {
      console.log = log;
    }
    const { problems, reasons, faults, reference } = JSON.parse(said[0]!);
    assert.deepEqual([problems, faults, reference.full], [60, [], 60]);
    assert.match(reasons.join(), /gold/);
    assert.equal(process.exitCode ?? 0, 0);
  });
});
