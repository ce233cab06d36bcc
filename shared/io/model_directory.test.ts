import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { modelDirectory } from "./model_directory.ts";

describe("modelDirectory()", () => {
  const inRun = (test: (run: string, checkpoint: (name: string, best?: number | null) => string) => void) => {
    const run = mkdtempSync(join(tmpdir(), "ghpo-run-"));
    try {
      test(run, (name, best = null) => {
        const directory = join(run, "checkpoints", name);
        mkdirSync(directory, { recursive: true });
        writeFileSync(join(directory, "config.json"), "{}");
        writeFileSync(
          join(directory, "trainer_state.json"),
          JSON.stringify({ best: best === null ? null : { step: best } }),
        );
        return directory;
      });
    } finally {
      rmSync(run, { recursive: true });
    }
  };

  it("is a model's own directory, or a run's newest checkpoint, or its best", () =>
    inRun((run, checkpoint) => {
      const first = checkpoint("step_000002");
      const last = checkpoint("step_000010");
      mkdirSync(join(run, "checkpoints", "step_000012.tmp"));
      mkdirSync(join(run, "checkpoints", "step_000012"));
      assert.equal(modelDirectory(first), first);
      assert.equal(modelDirectory(run), last);
      assert.equal(modelDirectory(join(run, "checkpoints")), last);
      checkpoint("step_000010", 2);
      assert.equal(modelDirectory(run), first);
      checkpoint("step_000010", 4); // gone
      assert.equal(modelDirectory(run), last);
    }));

  it("says what it is not", () =>
    inRun((run) => {
      assert.throws(() => modelDirectory(run), /holds neither a model \(config\.json\) nor checkpoints$/);
      assert.throws(() => modelDirectory(join(run, "none")), /as it does not exist$/);
      writeFileSync(join(run, "file"), "");
      assert.throws(
        () => modelDirectory(join(run, "file")),
        /as it is a file: a model is a folder with config/,
      );
      assert.throws(
        () => modelDirectory("qwen/none"),
        /does not exist: a model of the hub .* download qwen\/none$/,
      );
    }));
});
