// What a person sees who stops a real run: an exit code, where the checkpoint is, and how to go on.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolders } from "#shared/io/testing.ts";
import { RunDirectory } from "../run/directory.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SETTINGS = [
  ...["--train.prompts_per_step", "4", "--generation.num_generations", "4"],
  ...["--generation.max_completion_length", "24", "--eval.eval_every", "0"],
];

const temporary = temporaryFolders();

function command(output_dir: string, ...more: string[]): string[] {
  return [
    process.execPath,
    "trainer/main.ts",
    "train",
    "demo",
    "--output_dir",
    output_dir,
    ...SETTINGS,
    ...more,
  ];
}

describe("ghpo train", () => {
  it("saves on Ctrl-C and says how to go on", { timeout: 60_000 }, async () => {
    const folder = temporary();
    const child = Bun.spawn(command(folder, "--train.max_steps", "1000"), {
      cwd: ROOT,
      stdout: "pipe",
      stderr: "pipe",
    });
    // The first progress line comes with the first step.
    const reader = child.stderr.getReader();
    const decoder = new TextDecoder();
    for (let seen = ""; !seen.includes("1/1000");) {
      const { value, done } = await reader.read();
      if (done) break;
      seen += decoder.decode(value);
    }
    child.kill("SIGINT");
    const output = await new Response(child.stdout).text();
    assert.equal(await child.exited, 130);
    const [, step] = /^Stopped after step (\d+) of 1000\.$/m.exec(output) ?? [];
    assert.match(
      output,
      /^Continue with: npm run -s ghpo -- train demo .*--train\.max_steps 1000 --resume$/m,
    );
    assert.deepEqual(readdirSync(join(folder, "checkpoints")), [`step_${step!.padStart(6, "0")}`]);
    assert.equal(new RunDirectory(folder).readMetrics().length, Number(step));
  });
});
