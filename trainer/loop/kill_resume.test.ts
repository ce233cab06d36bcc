// A real run, killed for good at random moments and resumed, must end with the bytes of an uninterrupted one.

import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256 } from "#shared/io/hash.ts";
import { RunDirectory } from "../run/directory.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const KILLS = 10;
const SETTINGS = [
  ...["--train.max_steps", "6", "--train.prompts_per_step", "4", "--generation.num_generations", "4"],
  ...["--generation.max_completion_length", "24", "--ghpo.start_stage_memory", "true"],
  ...["--eval.eval_every", "0", "--checkpoint.save_every", "1"],
];

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "ghpo-kill-"));
  folders.push(folder);
  return folder;
}

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

function outcome(folder: string) {
  const last = join(folder, "checkpoints", "step_000006");
  const bytes = (name: string) => sha256(readFileSync(join(last, name)));
  const rewards = new RunDirectory(folder).readMetrics().map((record) => record["reward"]);
  return { weights: bytes("model.safetensors"), moments: bytes("optimizer.safetensors"), rewards };
}

describe("ghpo train --resume", () => {
  it(
    `gives bit-identical weights after each of ${KILLS} SIGKILLs at random moments`,
    { timeout: 300_000 },
    async () => {
      const whole = temporary();
      const began = performance.now();
      await finish(whole);
      const duration = performance.now() - began;
      const expected = outcome(whole);

      let folder = temporary();
      let steps = 0;
      for (let kills = 0; kills < KILLS;) {
        const child = start(folder);
        const finished = await Promise.race([
          child.exited.then(() => true),
          Bun.sleep(Math.random() * duration).then(() => false),
        ]);
        if (finished) {
          assert.deepEqual(outcome(folder), expected, `after ${kills} kills`);
          folder = temporary();
          continue;
        }
        child.kill("SIGKILL");
        await child.exited;
        kills++;
        if (existsSync(join(folder, "metrics.jsonl"))) steps += new RunDirectory(folder).readMetrics().length;
      }
      await finish(folder);
      assert.deepEqual(outcome(folder), expected);
      assert.ok(steps > 0, "at least one kill must come after a step");
    },
  );
});
