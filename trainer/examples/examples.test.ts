// The examples as a reader runs them: by Bun alone, without the launcher's environment, so that they open the adapter
// themselves.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const EXPECTED: Record<string, RegExp> = {
  own_reward: /^(step \d: brevity 0\.\d\d\n){3}\S+step_000003 answers: \S.*\n$/,
  own_task:
    /^(step \d: winning [01]\.\d\d\n){4}(problem:\d+ was won by [123]|no game was won) \(0 alerts\)\n$/,
  own_strategy: /^step 1: hinted 1\.00\n(step \d: hinted [01]\.\d\d\n){3}\d+ tokens\n$/,
};

describe("the examples of the library", () => {
  const files = readdirSync(join(ROOT, "trainer", "examples")).filter((name) =>
    /(?<!\.test)\.ts$/.test(name)
  );
  it("have an expectation each", () =>
    assert.deepEqual(files.map((name) => name.replace(".ts", "")).sort(), Object.keys(EXPECTED).sort()));

  for (const [name, expected] of Object.entries(EXPECTED)) {
    it(`${name} runs in under 60 lines`, () => {
      const file = join(ROOT, "trainer", "examples", `${name}.ts`);
      assert.ok(readFileSync(file, "utf8").split("\n").length < 60);
      const out = mkdtempSync(join(tmpdir(), "ghpo-example-"));
      try {
        const { VK_DRIVER_FILES: _, LD_LIBRARY_PATH: __, ...env } = process.env;
        const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, file, join(out, "run")], {
          cwd: ROOT,
          env,
        });
        assert.equal(exitCode, 0, String(stderr));
        assert.match(String(stdout), expected);
      } finally {
        rmSync(out, { recursive: true });
      }
    });
  }
});
