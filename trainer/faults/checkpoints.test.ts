// Damaged checkpoints and disks that refuse: one sentence, and what was there before stays usable.

import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse as parseToml } from "smol-toml";
import { fileEntry } from "#shared/io/hash.ts";
import { writeWeights } from "#shared/io/weights.ts";
import { listCheckpoints, readCheckpoint } from "../run/checkpoint.ts";
import { RunDirectory } from "../run/directory.ts";
import { lockRun } from "../run/lock.ts";
import { recipeDigest } from "../run/resume.ts";
import { UnigramPolicy } from "../loop/testing.ts";
import { openSmall, outcome, removeTemporary, smallRecipe, temporary, unigramRun } from "./harness.ts";

const TINY_BASE = fileURLToPath(new URL("../recipes/tiny-base", import.meta.url));

afterEach(removeTemporary);

/** A run that was stopped after step 6, with the checkpoints 2, 4 and 6: the first goes with the next update. */
async function stoppedRun(): Promise<{ run: string; newest: string }> {
  const run = temporary();
  let updates = 0;
  const policy = new UnigramPolicy((name) => {
    if (name === "generate" && updates === 6) throw new Error("stopped");
    if (name === "step") updates++;
  });
  await assert.rejects(unigramRun(run, policy), /stopped/);
  assert.deepEqual(listCheckpoints(join(run, "checkpoints")), [2, 4, 6]);
  return { run, newest: join(run, "checkpoints", "step_000006") };
}

const DAMAGE: [name: string, damage: (newest: string) => void, message: RegExp][] = [
  ["one flipped byte", (newest) => {
    const path = join(newest, "optimizer.json");
    const bytes = readFileSync(path);
    bytes[7]! ^= 1;
    writeFileSync(path, bytes);
  }, /Cannot load .*optimizer\.json as its content has changed/],
  [
    "a truncated tail",
    (newest) => truncateSync(join(newest, "model.json"), 100),
    /Cannot load .*model\.json as it must have \d+ bytes: current size is 100/,
  ],
  ["a missing file", (newest) => rmSync(join(newest, "model.json")), /model\.json as it does not exist/],
  [
    "the manifest of another checkpoint",
    (newest) =>
      copyFileSync(join(newest, "..", "step_000004", "manifest.json"), join(newest, "manifest.json")),
    /Cannot load .*step_000006.* as /,
  ],
  [
    "a manifest that is cut short",
    (newest) => truncateSync(join(newest, "manifest.json"), 50),
    /manifest\.json as it is not valid JSON/,
  ],
];

describe("a checkpoint with", () => {
  for (const [name, damage, message] of DAMAGE) {
    it(`${name} is refused with the file's name, and the one before it offered and good`, async () => {
      const { run, newest } = await stoppedRun();
      damage(newest);
      await assert.rejects(unigramRun(run, new UnigramPolicy(), true), (error: Error) => {
        assert.match(error.message, message);
        assert.match(error.message, /; remove that folder to resume from step_000004$/);
        return true;
      });
      rmSync(newest, { recursive: true });
      await unigramRun(run, new UnigramPolicy(), true);
      const whole = temporary();
      await unigramRun(whole, new UnigramPolicy());
      assert.deepEqual(outcome(run), outcome(whole));
    });
  }
});

describe("a run that began before a setting was there", () => {
  /** Takes a setting out of the recipe and its digest out of the checkpoints, as an older version would have left them. */
  function forget(run: string, setting: RegExp): void {
    const path = join(run, "recipe.toml");
    const recipe = readFileSync(path, "utf8");
    assert.match(recipe, setting);
    const older = recipe.replace(setting, "");
    writeFileSync(path, older);
    const recipe_sha256 = recipeDigest(parseToml(older));
    for (const name of readdirSync(join(run, "checkpoints"))) {
      const path = join(run, "checkpoints", name, "manifest.json");
      writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), recipe_sha256 }));
    }
  }

  it("goes on with its default, more than once", async () => {
    const { run, newest } = await stoppedRun();
    forget(run, /^activations_dtype = .*\n/m);
    await unigramRun(run, new UnigramPolicy(), true);
    // The checkpoints of this version have its digest; an older one may still be fallen back on.
    rmSync(join(newest, "..", "step_000008"), { recursive: true });
    await unigramRun(run, new UnigramPolicy(), true);
    await unigramRun(run, new UnigramPolicy(), true);
    const whole = temporary();
    await unigramRun(whole, new UnigramPolicy());
    assert.deepEqual(outcome(run), outcome(whole));
  });

  it("goes on from a state in which the memories of all strategies lay side by side", async () => {
    const { run } = await stoppedRun();
    for (const name of readdirSync(join(run, "checkpoints"))) {
      const folder = join(run, "checkpoints", name);
      const [state, manifest] = ["trainer_state.json", "manifest.json"].map((file) => join(folder, file));
      const { source, ...rest } = JSON.parse(readFileSync(state!, "utf8"));
      writeFileSync(state!, JSON.stringify({ ...rest, ...source, hint_ratio: null }));
      const { files, ...facts } = JSON.parse(readFileSync(manifest!, "utf8"));
      const others = files.filter(({ path }: { path: string }) => path !== "trainer_state.json");
      const own = fileEntry(folder, "trainer_state.json");
      writeFileSync(manifest!, JSON.stringify({ ...facts, files: [...others, own] }));
    }
    await unigramRun(run, new UnigramPolicy(), true);
    const whole = temporary();
    await unigramRun(whole, new UnigramPolicy());
    assert.deepEqual(outcome(run), outcome(whole));
  });

  it("is refused with another value", async () => {
    const { run } = await stoppedRun();
    forget(run, /^max_grad_norm = .*\n/m);
    const path = join(run, "recipe.toml");
    writeFileSync(
      path,
      readFileSync(path, "utf8").replace("[optimizer]", "[optimizer]\nmax_grad_norm = 3.5"),
    );
    await assert.rejects(
      unigramRun(run, new UnigramPolicy(), true),
      /as optimizer\.max_grad_norm must be 3\.5, as in its recipe: current value is/,
    );
  });
});

describe("a model in shards of which one is missing", () => {
  const TENSORS = ["a", "b", "c"].map((name) => ({ name, shape: [64], data: new Float32Array(64).fill(1) }));
  const shards = (directory: string) => writeWeights(directory, TENSORS, { maxShardBytes: 256 });
  const MISSING = "model-00002-of-00003.safetensors";

  it("is refused as a checkpoint with the file's name", async () => {
    const run = temporary();
    const policy = new UnigramPolicy();
    policy.saveModel = (directory) => Promise.resolve(shards(directory));
    await unigramRun(run, policy);
    rmSync(join(run, "checkpoints", "step_000008", MISSING));
    await assert.rejects(
      unigramRun(run, new UnigramPolicy(), true),
      new RegExp(
        `^Error: Cannot read \\S+${MISSING} as it does not exist; remove that folder to resume from step_000006$`,
      ),
    );
  });

  it("is refused as a model to start from, before any run is made", async () => {
    const model = temporary();
    cpSync(TINY_BASE, model, { recursive: true });
    rmSync(join(model, "model.safetensors"));
    shards(model);
    rmSync(join(model, MISSING));
    await assert.rejects(
      openSmall({ ...smallRecipe(temporary(), 1), model }),
      new RegExp(`^Error: Cannot read \\S+${MISSING} as it does not exist$`),
    );
  });
});

describe("a disk that refuses in mid-run", () => {
  /** Takes the run's folder away under a name, and leaves a file there: writing fails, even for root. */
  const REFUSALS: [name: string, refuse: (run: string) => void, allow: (run: string) => void][] = [
    [
      "checkpoints",
      (run) => {
        renameSync(join(run, "checkpoints"), join(run, "away"));
        writeFileSync(join(run, "checkpoints"), "");
      },
      (run) => {
        rmSync(join(run, "checkpoints"));
        renameSync(join(run, "away"), join(run, "checkpoints"));
      },
    ],
    [
      "rollouts",
      (run) => {
        rmSync(join(run, "rollouts"), { recursive: true });
        writeFileSync(join(run, "rollouts"), "");
      },
      (run) => {
        rmSync(join(run, "rollouts"));
        mkdirSync(join(run, "rollouts"));
      },
    ],
    [
      "metrics.jsonl",
      (run) => {
        renameSync(join(run, "metrics.jsonl"), join(run, "away"));
        mkdirSync(join(run, "metrics.jsonl"));
      },
      (run) => {
        rmSync(join(run, "metrics.jsonl"), { recursive: true });
        renameSync(join(run, "away"), join(run, "metrics.jsonl"));
      },
    ],
  ];
  for (const [name, refuse, allow] of REFUSALS) {
    it(`for ${name} ends the run with a sentence, and the last checkpoint loads`, async () => {
      const run = temporary();
      let updates = 0;
      const policy = new UnigramPolicy((call) => {
        if (call === "step" && ++updates === 5) refuse(run);
      });
      await assert.rejects(unigramRun(run, policy), /^Error: Cannot (write|read) [^\n]*$/);
      allow(run);
      readCheckpoint(join(run, "checkpoints", "step_000004"));
      assert.ok(readdirSync(join(run, "checkpoints")).every((entry) => !entry.endsWith(".tmp")));
      if (name === "rollouts") return; // the earlier ones are gone for good
      await unigramRun(run, new UnigramPolicy(), true);
      const whole = temporary();
      await unigramRun(whole, new UnigramPolicy());
      assert.deepEqual(outcome(run), outcome(whole));
    });
  }
});

describe("two processes on one run directory", () => {
  it("are one too many: the second leaves everything as it is", async () => {
    const { run } = await stoppedRun();
    const before = outcome(run);
    using _lock = lockRun(run);
    await assert.rejects(
      unigramRun(run, new UnigramPolicy(), true),
      /Cannot use .* as process \d+ on .* is running it/,
    );
    assert.deepEqual(outcome(run), before);
  });

  it("a start that was killed before it wrote its recipe is no run yet, and --resume begins one", async () => {
    const run = temporary();
    const directory = new RunDirectory(run);
    directory.start("");
    rmSync(directory.recipe);
    writeFileSync(`${directory.recipe}.tmp`, "mod");
    assert.equal(directory.isEmpty(), true);
    await unigramRun(run, new UnigramPolicy(), true);
    assert.equal(directory.isEmpty(), false);
    rmSync(directory.recipe); // a run that lost its recipe is not begun again
    assert.equal(directory.isEmpty(), false);
  });

  it("nothing is made where there is no run to resume", async () => {
    const run = temporary();
    writeFileSync(join(run, "notes.txt"), "mine");
    await assert.rejects(unigramRun(run, new UnigramPolicy(), true), /holds no run/);
    assert.deepEqual(readdirSync(run), ["notes.txt"]);
  });
});
