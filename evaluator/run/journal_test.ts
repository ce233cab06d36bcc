// The journal after crashes: torn lines, two writers, and a run killed again and again.

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Random } from "#shared/problems/rng.ts";
import { Journal } from "./journal.ts";
import type { SampleRecord } from "./source.ts";
import { startEndpoint } from "../testing/endpoint.ts";

const folder = Deno.makeTempDirSync();
after(() => Deno.removeSync(folder, { recursive: true }));

function sample(key: string, text = "x"): SampleRecord {
  return {
    type: "sample",
    key,
    benchmark: "b",
    problem_id: "p",
    repeat: 0,
    text,
    finish_reason: "stop",
    tokens: 1,
    attempts: 1,
    latency_ms: null,
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("journal", () => {
  it("drops a torn last line, wherever it was cut, and goes on behind it", () => {
    const path = `${folder}/torn.jsonl`;
    {
      using journal = Journal.open(path);
      journal.append([sample("a", "é"), sample("b", "∑")]);
    }
    const bytes = Deno.readFileSync(path);
    const firstLine = bytes.indexOf(10) + 1;
    for (let cut = firstLine; cut < bytes.length; cut++) {
      Deno.writeFileSync(path, bytes.subarray(0, cut));
      using journal = Journal.open(path);
      assert.equal(journal.get("a")?.text, "é");
      assert.equal(journal.get("b"), undefined);
      journal.append([sample("b", "∑")]);
      assert.deepEqual(Deno.readFileSync(path), bytes);
    }
  });

  it("refuses a second writer and a sample that it already holds", () => {
    using journal = Journal.open(`${folder}/locked.jsonl`);
    journal.append([sample("a")]);
    assert.throws(() => journal.append([sample("a")]), /already holds it/);
    assert.throws(() => Journal.open(`${folder}/locked.jsonl`), /another evaluation is writing it/);
  });

  it("names the line that is damaged in the middle", () => {
    const path = `${folder}/damaged.jsonl`;
    Deno.writeTextFileSync(path, `${JSON.stringify(sample("a"))}\n{"type"\n${JSON.stringify(sample("b"))}\n`);
    assert.throws(() => Journal.open(path), /damaged.jsonl as line 2 is not JSON/);
  });
});

describe("a killed run", () => {
  const KILLS = 50;

  it(`gives the result of an uninterrupted one after ${KILLS} SIGKILLs`, async () => {
    // Answers depend on the seed, so a sample that was lost, swapped or taken twice changes the score.
    const answers = (prompt: string, seed: number): string => `#### ${(prompt.length * 7 + seed) % 13}`;
    await using server = startEndpoint(answers, 15);
    const command = (out: string, concurrency: number) =>
      new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "--no-prompt", "--no-check", "--allow-read", `--allow-write=${folder}`],
          ...[
            "--allow-env=GHPO_DAWN,NO_COLOR,FORCE_COLOR,CLICOLOR_FORCE,OPENAI_API_KEY",
            "--allow-net=127.0.0.1",
          ],
          fileURLToPath(import.meta.resolve("../main.ts")),
          ...["--endpoint", server.url, "--model", "m", "--benchmarks", "chain,linear", "--per-level", "30"],
          ...["--samples", "4", "--concurrency", String(concurrency), "--out", out],
        ],
        stdout: "null",
        stderr: "null",
      }).spawn();
    const random = new Random(11);
    let killed = 0;
    for (; killed < KILLS; killed++) {
      const child = command(`${folder}/killed.json`, 1);
      // A random moment, counted in requests so that it does not depend on how fast this machine starts Deno.
      const enough = server.requests + random.between(0, 6);
      let ended = false;
      child.status.then(() => ended = true);
      while (server.requests < enough && !ended) await pause(1);
      await pause(random.between(0, 30));
      assert.ok(!ended, "the run ended before it was killed");
      child.kill("SIGKILL");
      await child.status;
      const journal = `${folder}/killed.journal.jsonl`;
      const lines = await Deno.readTextFile(journal).then((text) => text.split("\n").length, () => 0);
      assert.ok(lines < 1200, "the run ended before the kills did");
    }
    {
      using journal = Journal.open(`${folder}/killed.journal.jsonl`);
      assert.ok(journal.size > KILLS, "the kills came before any sample");
    }
    assert.equal((await command(`${folder}/killed.json`, 16).status).code, 0);
    const requests = server.requests;
    assert.equal((await command(`${folder}/whole.json`, 16).status).code, 0);

    const { run: _a, rows: _b, ...first } = JSON.parse(await Deno.readTextFile(`${folder}/killed.json`));
    const { run: _c, rows: _d, ...second } = JSON.parse(await Deno.readTextFile(`${folder}/whole.json`));
    assert.deepEqual(first, second);
    const rows = await Deno.readTextFile(`${folder}/killed.rows.jsonl`);
    assert.equal(rows, await Deno.readTextFile(`${folder}/whole.rows.jsonl`));
    // At most the samples in flight (one at a time) were asked again.
    assert.ok(requests <= 1200 + KILLS, `${requests} requests for 1200 samples`);
  });
});
