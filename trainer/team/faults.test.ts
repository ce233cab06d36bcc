// A run on three ranks of which one goes wrong: one sentence that names it, nobody left, the last checkpoint valid.

import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { removeTemporary, temporary } from "../faults/harness.ts";
import { listCheckpoints, readNewest } from "../run/checkpoint.ts";
import { LAUNCHERS, missing, ROOT, runRanks } from "./testing.ts";

const PROGRAM = "trainer/team/tools/unigram_rank.ts";
/** For a rank that does not come at all; others may be slow to start on a busy machine. */
const DEADLINE = 5;
const PATIENCE = 60;
const usual = (rank: number) => rank === 0 ? 1 : 0;

afterEach(removeTemporary);

function saidIn(stderr: string): string[] {
  return stderr.replaceAll("\r", "").split("\n").filter((line) => line.startsWith("error: "));
}

for (const launcher of LAUNCHERS) {
  const name = "kind" in launcher ? launcher.kind : "MPI";

  describe(`a run on ranks under ${name}`, { skip: missing(launcher) }, () => {
    const sentences: Record<string, (rank: number) => RegExp> = {
      nan: (rank) => RegExp(`norm is NaN on rank ${rank}, |digest of the weights .* rank ${rank} has`),
      drift: (rank) =>
        RegExp(`norm is .* on rank ${rank}, .* on rank ${usual(rank)}$|digest .* rank ${rank} has`),
      exit: (rank) => RegExp(`^error: Cannot continue as rank ${rank} ended before the run did$`),
      throw: (rank) => RegExp(`^error: rank ${rank}: Cannot sample as the pool is empty$`),
      hang: (rank) => RegExp(`^error: Cannot continue as rank ${rank} must reach .* within ${DEADLINE} s`),
    };
    for (const [fault, sentence] of Object.entries(sentences)) {
      it(`ends with one sentence when a rank goes wrong: ${fault}`, { timeout: 60_000 }, async () => {
        for (const rank of [0, 3]) {
          const run = join(temporary(), "run");
          const words = [
            PROGRAM,
            run,
            "--fault",
            fault,
            "--rank",
            String(rank),
            "--deadline",
            String(fault === "hang" ? DEADLINE : PATIENCE),
          ];
          const { code, stderr, orphans, ended } = await runRanks(launcher, 4, words);
          const seconds = (ended - Number(/^fault at (\d+)/m.exec(stderr)![1])) / 1000;
          const said = saidIn(stderr);
          assert.equal(said.length, 1, stderr);
          assert.match(said[0]!, sentence(rank));
          assert.deepEqual(
            [code === 0, orphans, seconds < DEADLINE + 5],
            [false, 0, true],
            `${code} ${seconds} s`,
          );
          assert.equal(readNewest(join(run, "checkpoints"))!.manifest.step, 4);
          const again = await runRanks(launcher, 4, [PROGRAM, run, "--resume"]);
          assert.equal(again.code, 0, again.stderr);
          assert.deepEqual(listCheckpoints(join(run, "checkpoints")), [6, 8]);
        }
      });
    }

    it("is refused when a rank has another recipe, problem set or file", { timeout: 60_000 }, async () => {
      if ("missing" in launcher) return;
      const run = join(temporary(), "run");
      const line = (
        ...more: string[]
      ) => ["trainer/main.ts", "train", "demo", "--train.shards", "2", "--output_dir", run, ...more];
      const other = async (...more: string[]) => {
        // One program a rank, as both launchers take them.
        const words = [...line(), ":", "-n", "1", process.execPath, ...line(...more)];
        const { code, stderr, orphans } = await runRanks(launcher, 1, words);
        assert.deepEqual([code === 0, orphans, existsSync(run)], [false, 0, false]);
        const said = saidIn(stderr);
        assert.equal(said.length, 1, stderr);
        return said[0]!;
      };
      assert.match(
        await other("--seed", "7"),
        /as seed must be the same on all ranks: rank 1 has 7, rank 0 has \d+$/,
      );
      assert.match(
        await other("--train.max_steps", "7"),
        /as train.max_steps must .*: rank 1 has 7, rank 0 has/,
      );
      assert.match(
        await other("--data.path", "nowhere.jsonl", "--data.families", "[]"),
        /as data\.\w+ must be the same/,
      );
      assert.match(await other("--loss.beta", "minus"), /^error: rank 1: Cannot .*beta/);
    });
  });
}

describe("ranks on different adapters", () => {
  const swiftShader = join(ROOT, ".cache/swiftshader/vk_swiftshader_icd.json");
  const [launcher] = LAUNCHERS as [typeof LAUNCHERS[0]];
  const reason = existsSync(swiftShader)
    ? false
    : "there is no second driver: npm test -- --second-driver fetches it";
  it("are refused by name", { timeout: 60_000, skip: missing(launcher) || reason }, async () => {
    const run = join(temporary(), "run");
    const words = ["trainer/main.ts", "train", "demo", "--train.shards", "2", "--output_dir", run];
    const own = process.env["VK_DRIVER_FILES"] ?? "";
    const env = { GHPO_RANK_ENV: `VK_DRIVER_FILES=${own},VK_DRIVER_FILES=${swiftShader}` };
    const { code, stderr, orphans } = await runRanks(launcher, 2, words, env);
    assert.deepEqual([code === 0, orphans, existsSync(run)], [false, 0, false]);
    assert.match(
      saidIn(stderr).join("\n"),
      /as the (adapter|choice of kernels) must be .*: rank 1 has .*, rank 0 has/,
    );
  });
});
