// A real run, killed for good at random moments and resumed, must end with the bytes of an uninterrupted one. Every
// second kill waits for a step, however slow the machine is; the others may come at any time, while the run loads, too.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolders } from "#shared/io/testing.ts";
import { sha256 } from "#shared/io/hash.ts";
import { RunDirectory } from "../run/directory.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const KILLS = 10;
const STEPS = 6;
const SETTINGS = [
  ...[
    "--train.max_steps",
    String(STEPS),
    "--train.prompts_per_step",
    "4",
    "--generation.num_generations",
    "4",
  ],
  ...["--generation.max_completion_length", "24", "--ghpo.start_stage_memory", "true"],
  ...["--eval.eval_every", "0", "--checkpoint.save_every", "1"],
];

const temporary = temporaryFolders();

/** Starts or resumes the run in a folder. */
function start(folder: string) {
  const resume = existsSync(join(folder, "recipe.toml")) ? ["--resume"] : [];
  const command = [
    "trainer/main.ts",
    "train",
    "demo",
    "--quiet",
    "--output_dir",
    folder,
    ...SETTINGS,
    ...resume,
  ];
  return Bun.spawn([process.execPath, ...command], { cwd: ROOT, stdout: "ignore", stderr: "pipe" });
}

async function finish(folder: string): Promise<void> {
  const child = start(folder);
  const message = await new Response(child.stderr).text();
  assert.equal(await child.exited, 0, message);
}

/** Steps in a run's metrics. */
function stepsIn(folder: string): number {
  const file = join(folder, "metrics.jsonl");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0;
}

function outcome(folder: string) {
  const last = join(folder, "checkpoints", "step_000006");
  const bytes = (name: string) => sha256(readFileSync(join(last, name)));
  const rewards = new RunDirectory(folder).readMetrics().map((record) => record["reward"]);
  return { weights: bytes("model.safetensors"), moments: bytes("optimizer.safetensors"), rewards };
}

describe("ghpo train --resume", () => {
  it(
    `gives bit-identical weights after each of ${KILLS} SIGKILLs at random moments`,
    { timeout: 600_000 },
    async () => {
      const whole = temporary();
      const began = performance.now();
      await finish(whole);
      const duration = performance.now() - began;
      const expected = outcome(whole);

      let folder = temporary();
      let afterStep = 0;
      for (let kills = 0; kills < KILLS;) {
        const before = stepsIn(folder);
        const child = start(folder);
        const waits = kills % 2 === 0;
        if (waits) { while (child.exitCode === null && stepsIn(folder) <= before) await Bun.sleep(5); }
        const delay = Math.random() * (waits ? duration / STEPS : duration);
        const finished = child.exitCode !== null || await Promise.race([
          child.exited.then(() => true),
          Bun.sleep(delay).then(() => false),
        ]);
        if (finished) {
          assert.equal(child.exitCode, 0, await new Response(child.stderr).text());
          assert.deepEqual(outcome(folder), expected, `after ${kills} kills`);
          folder = temporary();
          continue;
        }
        child.kill("SIGKILL");
        await child.exited;
        kills++;
        if (stepsIn(folder) > before) afterStep++;
      }
      await finish(folder);
      assert.deepEqual(outcome(folder), expected);
      assert.ok(afterStep >= KILLS / 2, `only ${afterStep} of ${KILLS} kills came after a step`);
    },
  );
});
