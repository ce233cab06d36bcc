import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { compareInputs, inputsOf } from "./inputs.ts";

describe("inputsOf()", () => {
  const folder = mkdtempSync(join(tmpdir(), "ghpo-inputs-"));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, "lib"));
  const reward = join(folder, "reward.ts");
  const named = { model: join(folder, "none"), reward: { functions: ["accuracy", reward] } };

  it("covers a reward module and the files that it imports, theirs too, but no packages and no types", () => {
    write(
      "reward.ts",
      `import { readFileSync } from "node:fs";
import * as v from "valibot";
import type { T } from "./types.ts";
import { scale } from "./lib/scale.ts";
export const reward = () => scale;
`,
    );
    write("types.ts", "export type T = 1;");
    write(
      "lib/scale.ts",
      'import table from "../table.json"; import "../reward.ts"; export const scale = table[0];',
    );
    write("table.json", "[1]");
    const before = inputsOf(named, null);
    const names = ["lib/scale.ts", "reward.ts", "table.json"].map((name) =>
      relative(".", join(folder, name))
    );
    assert.deepEqual(
      Object.keys(before).map((name) => relative(".", name)).filter((name) => name !== names[1]).sort(),
      [names[0], names[2]],
    );
    assert.ok(reward in before);
    assert.throws(() => compareInputs({}, before, ["nothing"], "x"), /Cannot accept a change of nothing/);
    write("table.json", "[2]");
    assert.throws(
      () => compareInputs(before, inputsOf(named, null), [], "step_000002"),
      /Cannot resume from step_000002 as its input .*table\.json has changed/,
    );
    // A checkpoint of an earlier version knows the module alone.
    assert.deepEqual(compareInputs({ [reward]: before[reward]! }, inputsOf(named, null), [], "x"), []);
    rmSync(folder, { recursive: true });
  });

  it("knows the problems of the evaluation from those of the training", () => {
    const problem = { id: "a", text: "1+1", answer: "2", trace: null, level: null, source: "a" };
    const before = inputsOf(named, [problem], [problem]);
    const changed = inputsOf(named, [problem], [{ ...problem, answer: "3" }]);
    assert.equal(changed["data"], before["data"]);
    assert.throws(() => compareInputs(before, changed, [], "x"), /its input evaluation has changed/);
    assert.equal("evaluation" in inputsOf(named, [problem]), false);
  });

  it("takes a GGUF file for a model", () => {
    const own = mkdtempSync(join(tmpdir(), "ghpo-inputs-"));
    writeFileSync(join(own, "m.gguf"), "GGUF");
    const file = inputsOf({ model: join(own, "m.gguf") }, null);
    assert.match(file["model"]!, /^[0-9a-f]{64}$/);
    assert.ok("model" in inputsOf({ model: own }, null));
    rmSync(own, { recursive: true });
  });
});
