import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeSafetensors } from "#shared/io/safetensors_writer.ts";
import { adopt, execute, extractAgain, missingRuns, modelIdentity } from "./execute.ts";
import type { StudyPlan } from "./study_plan.ts";
import { reportStudy } from "./report.ts";
import { MODELS, temporary, tinyStudy, unigramBackend } from "./testing.ts";

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));

function study(edit?: (text: string) => string, name?: string, folder?: string): StudyPlan {
  const made = tinyStudy(edit, name, folder);
  folders.push(made.folder);
  return made.plan;
}

const quietly = () => {};

/** The bytes of all data files and of the report. */
function outcome(plan: StudyPlan) {
  const files = readdirSync(plan.dataFolder).filter((name) => name !== "timing.jsonl").sort();
  const { markdown, html, svg } = reportStudy(plan);
  return [
    ...files.map((name) => [name, readFileSync(join(plan.dataFolder, name), "utf8")]),
    ...[markdown, html, svg].map((path) => readFileSync(path, "utf8")),
  ];
}

describe("execute()", () => {
  it("runs every arm and seed once and leaves compact data and nothing to do", async () => {
    const plan = study();
    const backend = unigramBackend();
    assert.equal(await execute(plan, MODELS, backend, quietly), true);
    assert.deepEqual(backend.trained.length, 4);
    assert.deepEqual(readdirSync(plan.dataFolder).sort(), [
      "ghpo-seed1.jsonl",
      "ghpo-seed2.jsonl",
      "grpo-seed1.jsonl",
      "grpo-seed2.jsonl",
      "start-m.jsonl",
      "timing.jsonl",
    ]);
    assert.deepEqual(missingRuns(plan, MODELS), []);
    await execute(plan, MODELS, backend, quietly);
    assert.equal(backend.trained.length, 4);
  });

  it("extracts the same data again, and leaves data alone whose run directory is gone", async () => {
    const plan = study();
    await execute(plan, MODELS, unigramBackend(), quietly);
    const before = outcome(plan);
    const older = plan.runs[0]!.data;
    const lines = readFileSync(older, "utf8").trimEnd().split("\n");
    writeFileSync(older, lines.filter((line) => !line.includes('"length/')).join("\n") + "\n");
    assert.notDeepEqual(outcome(plan), before);
    rmSync(plan.runs[1]!.recipe.output_dir, { recursive: true });
    assert.equal((await extractAgain(plan)).length, 3);
    assert.deepEqual(outcome(plan), before);
  });

  it("gives the same bytes after being killed at any moment", { timeout: 60_000 }, async () => {
    const whole = study();
    let calls = 0;
    await execute(whole, MODELS, unigramBackend(() => calls++), quietly);
    const expected = outcome(whole);
    const KILLS = 8;
    for (let k = 0; k < KILLS; k++) {
      const kill = Math.floor((k + 0.5) * calls / KILLS);
      const plan = study();
      let count = 0;
      const dies = unigramBackend(() => {
        if (count++ === kill) throw new Error("killed");
      });
      await assert.rejects(execute(plan, MODELS, dies, quietly), /killed/);
      await execute(plan, MODELS, unigramBackend(), quietly);
      assert.deepEqual(outcome(plan), expected, `killed at call ${kill} of ${calls}`);
    }
  });

  it(
    "stops after the step and the run that it is told in, and goes on from there",
    { timeout: 30_000 },
    async () => {
      const whole = study();
      await execute(whole, MODELS, unigramBackend(), quietly);
      const plan = study();
      const controller = new AbortController();
      const backend = unigramBackend((name) => name === "step" ? controller.abort() : undefined);
      assert.equal(await execute(plan, MODELS, backend, quietly, controller.signal), false);
      assert.equal(await execute(plan, MODELS, backend, quietly, controller.signal), false);
      assert.equal(backend.trained.length, 1);
      assert.equal(await execute(plan, MODELS, unigramBackend(), quietly), true);
      assert.deepEqual(outcome(plan), outcome(whole));
    },
  );

  it("ends runs at the token budget", async () => {
    const plan = study((text) => text.replace("seeds = [1, 2]", "seeds = [1]\ntoken_budget = 80"));
    await execute(plan, MODELS, unigramBackend(), quietly);
    const lines = readFileSync(plan.runs[0]!.data, "utf8").split("\n");
    const { values } = JSON.parse(lines.find((line) => line.includes('"generated_tokens"'))!);
    assert.ok(values.length < 3 && values.at(-1) >= 80, `${values}`);
  });

  it("refuses data that other settings made, and names the first one", async () => {
    const plan = study();
    await execute(plan, MODELS, unigramBackend(), quietly);
    const { folder } = tinyStudy(undefined, "tiny", join(plan.dataFolder, "..", ".."));
    const refuse = (edit: (text: string) => string, message: RegExp) => {
      const { plan: changed } = tinyStudy(edit, "tiny", folder);
      assert.throws(() => missingRuns(changed, MODELS), message);
    };
    refuse(
      (text) => text.replace("[test]", "[set]\noptimizer.learning_rate = 3\n[test]"),
      /grpo-seed1\.jsonl as its optimizer\.learning_rate is 2 and the study's is 3: .*remove that file/,
    );
    refuse(
      (text) => text.replace("problems_seed = 3", "problems_seed = 4"),
      /its test is .*3.* and the study's is/,
    );
    const other = new Map([["m", { sha256: "1".repeat(64), parameters: 1000 }]]);
    assert.throws(() => missingRuns(plan, other), /its model_sha256 is "0+" and the study's is "1+"/);
  });

  it("refuses a model that changed since the study or an interrupted run began", async () => {
    const other = { sha256: "1".repeat(64), parameters: 1000 };
    const changed = { ...unigramBackend(), facts: () => other };
    await assert.rejects(execute(study(), MODELS, changed, quietly), /m must have the SHA-256 0+: it is 1+;/);

    const plan = study();
    let calls = 0;
    const dies = unigramBackend((name) => {
      if (name === "step" && ++calls === 2) throw new Error("killed");
    });
    await assert.rejects(execute(plan, MODELS, dies, quietly), /killed/);
    rmSync(plan.dataFolder, { recursive: true });
    const now = new Map([["m", other]]);
    await assert.rejects(execute(plan, now, changed, quietly), /must have the SHA-256 1+: it is 0+; remove/);
  });

  it("takes over a run of the same settings from another study, whatever its arm is called", async () => {
    const first = study((text) => text, "tiny-one");
    await execute(first, MODELS, unigramBackend(), quietly);
    const folder = join(first.dataFolder, "..", "..");
    const second = study(
      (text) =>
        text.replace("reference", 'reuse = ["tiny-one"]\nreference').replace(
          '"grpo"\ntitle',
          '"plain"\ntitle',
        )
          .replace("seeds = [1, 2]", "seeds = [2, 3]"),
      "other",
      folder,
    );
    adopt(second, MODELS);
    assert.deepEqual(missingRuns(second, MODELS).map((run) => run.id), ["plain-seed3", "ghpo-seed3"]);
  });
});

describe("reportStudy()", () => {
  it("says how much is missing, and refuses when all is", { timeout: 30_000 }, async () => {
    const plan = study();
    assert.throws(() => reportStudy(plan), /none of its runs is complete/);
    await execute(plan, MODELS, unigramBackend(), quietly);
    rmSync(plan.runs[0]!.data);
    const { markdown, html, svg } = reportStudy(plan);
    assert.match(readFileSync(markdown, "utf8"), /3 of 4 runs are complete: numbers will change/);
    for (const run of plan.runs.filter(({ arm }) => arm.name === "grpo")) rmSync(run.data, { force: true });
    assert.match(
      readFileSync(reportStudy(plan).markdown, "utf8"),
      /2 of 4 runs .*none yet of GRPO\); 1 arms/,
    );
    assert.doesNotMatch(readFileSync(html, "utf8"), /(src|href)="(https?:)?\/\/|<script|NaN|undefined/);
    assert.doesNotMatch(readFileSync(svg, "utf8"), /NaN|undefined/);
    assert.ok(existsSync(svg));
  });
});

describe("modelFacts()", () => {
  it("counts the parameters and digests the weights", () => {
    const folder = temporary();
    folders.push(folder);
    const tensors = [{ name: "a", shape: [2, 3], data: new Float32Array(6) }];
    writeSafetensors(join(folder, "model.safetensors"), tensors);
    const { parameters, sha256 } = modelIdentity(folder);
    assert.equal(parameters, 6);
    assert.match(sha256, /^[0-9a-f]{64}$/);
  });
});
