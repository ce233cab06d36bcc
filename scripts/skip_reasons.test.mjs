import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { capture } from "./process.mjs";
import { ensureTools, TOOLS } from "./tools.mjs";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

const TESTS = `import { after, before, describe, it } from "node:test";
import { strict as assert } from "node:assert";
let ready = false;
before(() => { ready = true; });
after(() => { ready = false; });
it("runs", () => assert.ok(ready));
it("needs a disk", { skip: "there is no disk" }, () => assert.fail());
it("looks first", (t) => t.skip("there is no key"));
it("is not skipped", { skip: false }, () => {});
describe("a whole suite", { skip: "there is no moon" }, () => { it("rises", () => assert.fail()); });
`;

describe("skip_reasons.mjs", () => {
  before(ensureTools);

  const runners = {
    bun: [TOOLS.bun, "test", "--preload", here("skip_reasons.mjs")],
    deno: [TOOLS.deno, "test", "--no-check", "--import-map", here("skip_reasons.json"), "--allow-all"],
  };
  for (const [name, [program, ...args]] of Object.entries(runners)) {
    it(`records reasons under ${name} and lets the tests be`, async () => {
      const folder = mkdtempSync(join(tmpdir(), "ghpo-skips-"));
      try {
        const file = join(folder, "a.test.ts");
        const log = join(folder, "skips.jsonl");
        writeFileSync(file, TESTS);
        const env = { ...process.env, GHPO_SKIP_LOG: log, NO_COLOR: "1" };
        const { code, stdout, stderr } = await capture(program, [...args, file], { cwd: folder, env });
        assert.equal(code, 0, stdout + stderr);
        const lines = readFileSync(log, "utf8").trim().split("\n").map((line) => JSON.parse(line));
        assert.deepEqual(lines.sort((a, b) => a.title < b.title ? -1 : 1), [
          { title: "a whole suite", reason: "there is no moon" },
          { title: "looks first", reason: "there is no key" },
          { title: "needs a disk", reason: "there is no disk" },
        ]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});
