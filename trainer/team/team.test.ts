// Real ranks that meet, exchange and go wrong, under both families of MPI.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { LAUNCHERS, missing, runRanks } from "./testing.ts";

const PROBE = "trainer/team/tools/probe.ts";
/** For ranks that do not come at all; others may be slow to start on a busy machine. */
const DEADLINE = 5;
const PATIENCE = 60;
const usual = (rank: number) => rank === 0 ? 1 : 0;

function probe(launcher: typeof LAUNCHERS[number], ranks: number, ...words: string[]) {
  return runRanks(launcher, ranks, [PROBE, ...words]);
}

for (const launcher of LAUNCHERS) {
  const name = "kind" in launcher ? launcher.kind : "MPI";
  const skip = missing(launcher);

  describe(`ranks under ${name}`, { skip }, () => {
    it("have the same sums, which depend on the order of adding", { timeout: 60_000 }, async () => {
      const digests = { 2: "f252bc059f3b5d43", 4: "6aee2c0fd14e0abd" }; // the same with every library
      for (const [ranks, digest] of Object.entries(digests)) {
        const { stdout, code } = await probe(launcher, Number(ranks), "sum");
        assert.equal(code, 0);
        const result = JSON.parse(stdout);
        assert.deepEqual([result.equal, result.digest.slice(0, 16)], [true, digest]);
      }
    });

    it("share items, whose results come back in order", { timeout: 60_000 }, async () => {
      const { stdout } = await probe(launcher, 3, "share");
      assert.deepEqual(JSON.parse(stdout), Array.from({ length: 7 }, (_, i) => [i, i * i, i % 3]));
    });

    it("wait for a first that says that it needs longer", { timeout: 60_000 }, async () => {
      const { stdout, code } = await probe(launcher, 3, "fromFirst", "--deadline", "1");
      assert.equal(code, 0);
      assert.deepEqual(JSON.parse(stdout), [[0, null], [0, null], [0, null]]);
    });

    it("all get the error of one, with its class, and can go on", { timeout: 60_000 }, async () => {
      const { stdout, code } = await probe(launcher, 3, "caught", "--rank", "2");
      const message = "rank 2: Cannot update the weights as the loss must be finite: current value is NaN";
      assert.equal(code, 0);
      assert.deepEqual(JSON.parse(stdout), Array.from({ length: 3 }, () => [true, message, { batch: [1] }]));
    });

    const sentences: Record<string, (rank: number) => RegExp> = {
      throw: (rank) => RegExp(`^error: rank ${rank}: Cannot read a row as it is torn$`),
      "throw-in-work": (rank) => RegExp(`^error: rank ${rank}: Cannot update .* current value is NaN$`),
      unhandled: (rank) => RegExp(`^error: rank ${rank}: nobody listens$`),
      exit: (rank) => RegExp(`^error: Cannot continue as rank ${rank} ended before the run did$`),
      elsewhere: (rank) =>
        RegExp(`rank ${rank} is at a place of its own, rank ${usual(rank)} is at a meeting$`),
      differs: (rank) =>
        RegExp(`as the data file must be .*: rank ${rank} has c, rank ${usual(rank)} has b$`),
      hang: (rank) =>
        RegExp(`^error: Cannot continue as rank ${rank} must reach the next meeting within ${DEADLINE} s`),
      sleep: (rank) => RegExp(`^error: Cannot continue as rank ${rank} must reach the next meeting`),
    };
    for (const [mode, sentence] of Object.entries(sentences)) {
      it(`end with one sentence after: ${mode}`, { timeout: 60_000 }, async () => {
        for (const rank of [0, 2]) {
          const words = [
            mode,
            "--rank",
            String(rank),
            "--deadline",
            String(/hang|sleep/.test(mode) ? DEADLINE : PATIENCE),
          ];
          const { code, stderr, ended, orphans } = await probe(launcher, 3, ...words);
          const said = stderr.replaceAll("\r", "").split("\n").filter((line) => line.startsWith("error: "));
          assert.equal(said.length, 1, stderr);
          assert.match(said[0]!, sentence(rank));
          assert.deepEqual([code === 0, orphans], [false, 0]);
          const [, began] = /^fault at (\d+)/m.exec(stderr) ?? [];
          if (began) assert.ok(ended - Number(began) < (DEADLINE + 5) * 1000, `${ended - Number(began)} ms`);
        }
      });
    }

    it("end when one is killed", { timeout: 60_000 }, async () => {
      for (const rank of [0, 2]) {
        const { code, orphans } = await probe(launcher, 3, "kill", "--rank", String(rank));
        assert.deepEqual([code === 0, orphans], [false, 0]);
      }
    });
  });
}

describe("ranks of another library than the launcher's", () => {
  const [mpich, open] = LAUNCHERS as [typeof LAUNCHERS[0], typeof LAUNCHERS[0]];
  it("say so", { timeout: 60_000, skip: missing(mpich) || missing(open) }, async () => {
    const libraries = "env" in open ? open.env["LD_LIBRARY_PATH"]! : "";
    const env = {
      GHPO_MPI: "libmpi.so.40",
      LD_LIBRARY_PATH: libraries,
      ...("env" in open && { OPAL_PREFIX: open.env["OPAL_PREFIX"]! }),
    };
    const { code, stderr } = await runRanks(mpich, 2, [PROBE, "sum"], env);
    assert.notEqual(code, 0);
    assert.match(
      stderr,
      /as the library must belong to the launcher, which has started 2 processes: current library is Open MPI/,
    );
  });
});
