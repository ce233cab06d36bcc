// A result at --out is never lost without being asked for.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { evaluate } from "./evaluate.ts";

const folder = Deno.makeTempDirSync();
const out = `${folder}/result.json`;
const { log, error } = console;
before(() => {
  console.log = console.error = () => {};
  const answers: string[] = [];
  for (const benchmark of ["a", "b"]) {
    const rows = [3, 4].map((n) =>
      JSON.stringify({ id: `p${n}`, question: `What is ${n}?`, answer: `${n}` })
    );
    Deno.writeTextFileSync(`${folder}/${benchmark}.jsonl`, rows.join("\n"));
    const task = `name = "${benchmark}"\nfiles = ["${benchmark}.jsonl"]\n`;
    Deno.writeTextFileSync(`${folder}/${benchmark}.toml`, task);
    Deno.writeTextFileSync(`${folder}/${benchmark}-asked.toml`, `${task}prompt = "{question} Think."\n`);
    for (const problem_id of ["p3", "p4"]) {
      for (const sample of [0, 1]) {
        answers.push(JSON.stringify({ benchmark, problem_id, sample, completion: "#### 3" }));
      }
    }
  }
  Deno.writeTextFileSync(`${folder}/answers.jsonl`, answers.join("\n"));
  Deno.writeTextFileSync(`${folder}/others.jsonl`, answers.toReversed().join("\n"));
});
after(() => {
  Object.assign(console, { log, error });
  Deno.removeSync(folder, { recursive: true });
});

const run = (names: string, flags: Record<string, unknown> = {}) =>
  evaluate({
    completions: `${folder}/answers.jsonl`,
    benchmarks: names.split(",").map((name) => `${folder}/${name}.toml`).join(","),
    out,
    ...flags,
  });
const benchmarks = (): string[] =>
  JSON.parse(Deno.readTextFileSync(out)).benchmarks.map(({ name, k }: { name: string; k: number }) =>
    `${name}${k}`
  );

describe("evaluate --out of a file that is there", () => {
  it("replaces a result by one that contains it", async () => {
    assert.equal(await run("a", { samples: "1" }), 0);
    assert.equal(await run("a", { samples: "1" }), 0);
    assert.equal(await run("a,b"), 0);
    assert.deepEqual(benchmarks(), ["a2", "b2"]);
  });

  it("refuses before the first request what would lose something, and says what", async () => {
    const whole = Deno.readTextFileSync(out);
    const rows = Deno.readTextFileSync(`${folder}/result.rows.jsonl`);
    const cases: [string, Record<string, unknown>, RegExp][] = [
      ["a", {}, /has b, too/],
      ["a,b", { limit: "1" }, /has a with other problems or prompts/],
      ["a-asked,b", {}, /has a with other problems or prompts/],
      ["a,b", { samples: "1" }, /has a with 2 samples a problem/],
      ["a,b", { verifier: "strict" }, /has a with the grader report/],
      ["a,b", { maxTokens: "7" }, /has a with the sampling \{"temperature":/],
      ["a,b", { seed: "5" }, /was sampled with --seed 0/],
      ["a,b", { completions: `${folder}/others.jsonl` }, /its result is that of .*answers\.jsonl/],
    ];
    for (const [names, flags, what] of cases) {
      await assert.rejects(run(names, flags), (thrown: Error) => {
        assert.match(
          thrown.message,
          /^Cannot write .*result\.json as .*: give another --out, or replace it with --overwrite$/,
        );
        assert.match(thrown.message, what);
        return true;
      });
    }
    assert.equal(Deno.readTextFileSync(out), whole);
    assert.equal(Deno.readTextFileSync(`${folder}/result.rows.jsonl`), rows);
  });

  it("replaces any result with --overwrite, and no other file without", async () => {
    assert.equal(await run("b", { overwrite: true }), 0);
    assert.deepEqual(benchmarks(), ["b2"]);
    Deno.writeTextFileSync(`${folder}/config.json`, '{"model_type":"llama"}');
    await assert.rejects(
      run("b", { out: `${folder}/config.json` }),
      /config\.json as it is not the result of an evaluation: /,
    );
    await assert.rejects(
      run("b", { out: undefined, overwrite: true }),
      /Cannot use --overwrite as it is for --out/,
    );
  });
});
