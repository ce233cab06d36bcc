import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Banners, launch, lostRank, takeRanks } from "./mpi.mjs";

const RULE = "=".repeat(83);
const DASHES = "-".repeat(74);
const MPICH_KILL = `
${RULE}
=   BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES
=   PID 20902 RUNNING AT vm
=   EXIT CODE: 9
=   CLEANING UP REMAINING PROCESSES
=   YOU CAN IGNORE THE BELOW CLEANUP MESSAGES
${RULE}
[mpiexec@vm] Exit codes: [vm] 0,0,9
YOUR APPLICATION TERMINATED WITH THE EXIT STRING: Killed (signal 9)
This typically refers to a problem with your application.
Please see the FAQ page for debugging suggestions
`;
const OPEN_KILL = `${DASHES}
Primary job  terminated normally, but 1 process returned
a non-zero exit code. Per user-direction, the job has been aborted.
${DASHES}
${DASHES}
mpirun noticed that process rank 2 with PID 0 on node vm exited on signal 9 (Killed).
${DASHES}
`;

describe("ranks", () => {
  it("are taken out of a command line", () => {
    assert.deepEqual(takeRanks(["train", "demo", "--ranks", "4", "--json"]), {
      ranks: 4,
      words: ["train", "demo", "--json"],
    });
    assert.deepEqual(takeRanks(["train", "--ranks=2", "demo"]), { ranks: 2, words: ["train", "demo"] });
    assert.equal(takeRanks(["train", "demo"]).ranks, null);
  });

  it("are left to commands that start none", () => {
    for (
      const words of [["train", "demo", "--plan", "--ranks", "4"], ["sft", "x", "--ranks=4", "--dry-run"]]
    ) {
      assert.deepEqual(takeRanks(words), { ranks: null, words });
    }
  });

  it("are refused when they are no number", () => {
    for (const value of ["0", "two", "-1", "1.5"]) {
      assert.throws(
        () => takeRanks(["train", "demo", "--ranks", value]),
        /--ranks must be a number from 1 on/,
      );
    }
    assert.throws(() => takeRanks(["train", "--ranks"]), /current value is ""/);
  });

  it("are started by either launcher", () => {
    const env = { LD_LIBRARY_PATH: "x" };
    assert.deepEqual(launch({ kind: "MPICH", program: "m", env }, 2, ["bun", "a"]).args.slice(1), [
      "-n",
      "2",
      "bun",
      "a",
    ]);
    const open = launch({ kind: "Open MPI", program: "o", env }, 2, ["bun", "a"]);
    assert.deepEqual(open.args.slice(-4), ["-n", "2", "bun", "a"]);
    assert.ok(open.args.join(" ").includes("--bind-to none"));
  });
});

describe("Ctrl-C", () => {
  const skip = process.platform === "linux" ? false : "ranks are found through /proc";
  it(
    "reaches the ranks, who save and stop, and not the launcher, who would kill them",
    { skip },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "ghpo-mpirun-"));
      try {
        const program = join(folder, "mpirun");
        const body = `trap 'kill -9 $rank; exit 1' INT USR1\nshift 3\n"$@" & rank=$!\nwait $rank\n`;
        writeFileSync(program, `#!/bin/sh\n${body}`, { mode: 0o755 });
        const rank = [
          ...[process.execPath, "-e"],
          'const saved = () => { console.log("saved"); process.exit(130); };' +
          'process.on("SIGINT", saved); setInterval(() => {}, 1000); console.log("ready");',
        ];
        const launcher = { kind: "MPICH", program, env: {} };
        const script = `import { handRanks } from ${JSON.stringify(new URL("./mpi.mjs", import.meta.url))};
        process.exitCode = await handRanks(${JSON.stringify(launcher)}, 1, ${
          JSON.stringify(rank)
        }, { env: process.env });`;
        const npm = spawn(process.execPath, ["--input-type=module", "-e", script], {
          detached: true,
          stdio: ["ignore", "pipe", "inherit"],
        });
        let stdout = "";
        npm.stdout.on("data", (chunk) => {
          stdout += chunk;
          if (stdout === "ready\n") process.kill(-npm.pid, "SIGINT"); // as a terminal does, to the whole group
        });
        const code = await new Promise((resolve) => npm.on("close", resolve));
        assert.deepEqual([stdout, code], ["ready\nsaved\n", 130]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});

describe("what a launcher prints", () => {
  for (const [name, text] of Object.entries({ MPICH_KILL, OPEN_KILL })) {
    it(`is taken out in whatever pieces it comes (${name})`, () => {
      const whole = `before\n${text}after\nlast`;
      for (const size of [1, 7, 1000]) {
        const filter = new Banners();
        let shown = "";
        for (let at = 0; at < whole.length; at += size) shown += filter.pass(whole.slice(at, at + size));
        shown += filter.rest();
        assert.equal(shown.replace(/^\n+/gm, ""), "before\nafter\nlast");
        assert.match(filter.banners, /signal 9/);
        assert.equal(filter.explained, false);
      }
    });
  }

  it("is known to be explained when a rank has said why", () => {
    const filter = new Banners();
    assert.equal(
      filter.pass("error: rank 2: Cannot go on\nAbort(1) on node 2 (rank 2)\n"),
      "error: rank 2: Cannot go on\n",
    );
    assert.equal(filter.explained, true);
  });

  it("lets a progress line through before it ends", () => {
    assert.equal(new Banners().pass("\r3/10"), "\r3/10");
  });

  it("tells which rank was killed", () => {
    for (const text of [MPICH_KILL, OPEN_KILL]) {
      assert.match(lostRank(text), /^Cannot continue as rank 2 was ended by signal 9;/);
    }
    assert.match(lostRank(MPICH_KILL.replace("0,0,9", "9,9,0")), /as rank 0 or 1 was ended by signal 9;/);
    assert.equal(lostRank(""), null);
  });
});
