import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolders } from "#shared/io/testing.ts";
import { aRun, ghpo, ROOT } from "./testing.ts";

const temporary = temporaryFolders();

describe("ghpo profile", () => {
  it(
    "keeps the times of a run's newest checkpoint where the dashboard looks for them",
    { timeout: 60_000 },
    () => {
      const run = aRun(temporary());
      assert.match(ghpo("profile").err, /exactly one of --model and --run must be given/);
      assert.match(ghpo("profile", "--run", run).err, /Cannot profile .*demo as it has no checkpoint yet/);
      const checkpoint = join(run, "checkpoints", "step_000020");
      cpSync(join(ROOT, "trainer/recipes/tiny-base"), checkpoint, { recursive: true });
      writeFileSync(join(checkpoint, "manifest.json"), "{}");
      const { code, out, err } = ghpo(
        "profile",
        "--run",
        run,
        "--prompts",
        "1",
        "--samples",
        "2",
        "--max-tokens",
        "2",
      );
      assert.equal(code, 0, err);
      assert.match(out, /^kernel +calls +ms +share/);
      const { adapter, kernels } = JSON.parse(readFileSync(join(run, "profile.json"), "utf8"));
      assert.ok(adapter !== "" && kernels.length > 10 && kernels[0].milliseconds > 0);
    },
  );
});
