// Runs that go on with other settings or data: allowed where it is a longer run, refused by name otherwise.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { temporaryFolders } from "#shared/io/testing.ts";
import { CONSTANT, outcome, problems, run, SETTINGS, stopIn } from "./unigram_run.testing.ts";
import { RunDirectory } from "../run/directory.ts";
import { Status } from "../run/progress.ts";
import { UnigramPolicy } from "./testing.ts";

const temporary = temporaryFolders();

describe("runLoop() with changed settings", () => {
  it("refuses to resume with another recipe, adapter or kernel choice, and names it", async () => {
    const path = temporary();
    await run(path);
    const other = { optimizer: { ...SETTINGS.optimizer, learning_rate: 3 } };
    await assert.rejects(
      run(path, { resume: true, settings: other }),
      /optimizer.learning_rate must be 2.* value is 3/,
    );
    const adapter = new UnigramPolicy();
    adapter.facts = { ...adapter.facts, adapter: "another" };
    await assert.rejects(
      run(path, { resume: true, policy: adapter }),
      /its adapter is test: this run's is another/,
    );
    const variants = new UnigramPolicy();
    variants.facts = { ...variants.facts, kernel_variants: { matmul: "subgroups" } };
    await assert.rejects(
      run(path, { resume: true, policy: variants }),
      /kernel_variants is .*base.* is .*subgroups/,
    );
  });

  it("takes up a finished run again where it may become longer, and only longer", async () => {
    const [whole, path] = [temporary(), temporary()];
    const long = { train: { ...SETTINGS.train, max_steps: 9 }, optimizer: CONSTANT };
    await run(whole, { settings: long });
    await run(path, { settings: { optimizer: CONSTANT } });
    const { result } = await run(path, { settings: long, resume: true });
    assert.deepEqual([result.step, result.finished], [9, true]);
    assert.deepEqual(outcome(path).weights, outcome(whole).weights);
    await run(path, { settings: long, resume: true });
    await assert.rejects(
      run(path, { settings: { optimizer: CONSTANT }, resume: true }),
      /as train\.max_steps must be at least 9, as in its recipe: current value is 6$/,
    );
    const often = { ...long, checkpoint: { save_every: 1, keep: 1 } };
    assert.equal((await run(path, { settings: often, resume: true })).result.step, 9);
  });

  it("refuses to continue on changed data, unless that is accepted by name", async () => {
    const path = temporary();
    await run(path, stopIn(3));
    const changed = problems.map((problem) => ({ ...problem, answer: "21" }));
    await assert.rejects(
      run(path, { resume: true, problems: changed }),
      /step_000003 as its input data has changed: SHA-256 was \w{64}, is \w{64}; .*--accept-changes data$/,
    );
    await assert.rejects(
      run(path, { resume: true, problems: changed, acceptChanges: ["dta"] }),
      /Cannot accept a change of dta as the inputs of this run are data, evaluation$/,
    );
    const lines: string[] = [];
    const status = new Status({ total: 1, stream: { write: (text) => lines.push(text) } });
    await run(path, { resume: true, problems: changed, acceptChanges: ["data"], status });
    assert.ok(
      lines.some((line) => /the input data has changed since .*step_000003/.test(line)),
      lines.join(""),
    );
    await run(path, { resume: true, problems: changed });
  });

  it("names the length that changed the data where long prompts are dropped, and goes on where none was", async () => {
    const path = temporary();
    const settings = (max_prompt_length: number, on_long_prompt = "drop") => ({
      data: { path: "d", on_long_prompt },
      prompt: { system: "", max_prompt_length },
    });
    await run(path, { ...stopIn(3), settings: settings(40), problems: problems.slice(0, 4) });
    await assert.rejects(
      run(path, { resume: true, settings: settings(50) }),
      /step_000003 as its input data has changed: prompt\.max_prompt_length is 50 from here on, was 40, and data\.on_long_prompt = "drop" leaves problems out by it; set it back, or .* adding --accept-changes data$/,
    );
    // The length did not change: it is not to blame.
    await assert.rejects(run(path, { resume: true, settings: settings(40) }), /has changed: SHA-256 was/);
    const { result } = await run(path, {
      resume: true,
      settings: settings(50),
      problems: problems.slice(0, 4),
    });
    assert.ok(result.finished);
    const again = { resume: true, settings: settings(60), acceptChanges: ["data"] };
    assert.ok((await run(path, again)).result.finished);
    assert.match(new RunDirectory(path).readRecipe(), /^max_prompt_length = 60$/m);
  });
});
