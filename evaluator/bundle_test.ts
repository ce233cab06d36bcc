// The evaluator as one file, which runs where there is nothing else: no sources, no node_modules, no configuration.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(import.meta.resolve("../"));
const folder = Deno.makeTempDirSync();
const file = `${folder}/evaluate.js`;
after(() => Deno.removeSync(folder, { recursive: true }));

async function deno(args: string[], cwd: string) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

describe("one file", () => {
  // Deno fetches its bundler at the first use.
  let missing: string | null = null;
  before(async () => {
    const { code, stderr } = await deno([
      "bundle",
      "--quiet",
      "--platform",
      "deno",
      "-o",
      file,
      "evaluator/main.ts",
    ], root);
    if (code !== 0 && /npm registry|Download|dns|connect/i.test(stderr)) {
      missing = `Deno cannot fetch its bundler: ${stderr}`;
    } else assert.equal(code, 0, stderr);
  });

  it("lists, scores and reports in an empty folder with permission for that folder only", async (context) => {
    if (missing) return context.skip(missing);
    const empty = `${folder}/empty`;
    Deno.mkdirSync(empty);
    const rows = ['{"id":"a","question":"1+1?","answer":"2"}', '{"id":"b","question":"2+2?","answer":"4"}'];
    Deno.writeTextFileSync(`${empty}/q.jsonl`, rows.join("\n"));
    Deno.writeTextFileSync(`${empty}/mine.toml`, 'name = "mine"\nfiles = ["q.jsonl"]\n');
    Deno.writeTextFileSync(
      `${empty}/answers.jsonl`,
      '{"id":"a","completion":"#### 2"}\n{"id":"b","completion":"#### 5"}\n',
    );
    const run = (...args: string[]) =>
      deno([
        "run",
        "--no-prompt",
        `--allow-read=${empty}`,
        `--allow-write=${empty}`,
        "--allow-env",
        file,
        ...args,
      ], empty);
    assert.match((await run("benchmarks")).stdout, /^gsm8k +1319 problems/m);
    const scored = await run(
      "--completions",
      "answers.jsonl",
      "--benchmarks",
      "mine.toml",
      "--out",
      "r.json",
    );
    assert.equal(scored.code, 0, scored.stderr);
    assert.match(scored.stdout, /^mine +2 +50\.0 \[1\.3, 98\.7\]/m);
    const reported = await run("report", "r.json");
    assert.equal(reported.code, 0, reported.stderr);
    assert.ok(Deno.readTextFileSync(`${empty}/r.html`).length > 200_000);
  });
});
