// An evaluation over workers, of which one is killed in the middle, gives the bytes of one in a single process.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LEARNER, NATS, TestServer, WORKER } from "./testing.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MODEL = "trainer/recipes/tiny-base";

describe("an evaluation over workers", { skip: "missing" in NATS ? NATS.missing : false }, () => {
  let server: TestServer;
  let webPort: number;
  const folder = mkdtempSync(join(tmpdir(), "ghpo-fleet-evaluation-"));
  before(async () => {
    ({ server, port: webPort } = await TestServer.startWeb());
  });
  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  function evaluate(words: string[], user: Record<string, string> = {}) {
    return Bun.spawn(["node", "scripts/run.mjs", "evaluate", ...words], {
      cwd: ROOT,
      env: { ...process.env, ...user },
      stdout: "ignore",
      stderr: "pipe",
      detached: true, // a process group of its own, to be ended with what it starts
    });
  }

  it("gives the result of a single process", { timeout: 120_000 }, async () => {
    const words = (name: string) => [
      ...["--model", MODEL, "--benchmarks", "chain,addition", "--problems-seed", "7", "--per-level", "6"],
      ...["--samples", "2", "--temperature", "1", "--stop", "=2", "--out", join(folder, `${name}.json`)],
    ];
    const local = evaluate(words("local"));
    assert.equal(await local.exited, 0, await new Response(local.stderr).text());
    // The one that lives to the end comes by WebSocket.
    const workers = [server.url, `ws://127.0.0.1:${webPort}`]
      .map((url) => evaluate(["worker", "--nats", url], WORKER));
    try {
      const fleet = evaluate([...words("fleet"), "--nats", server.url, "--nats-patience", "60"], LEARNER);
      // One dies once it has weights, with a job in hand or not.
      for await (const bytes of workers[0]!.stderr) {
        if (new TextDecoder().decode(bytes).includes("weights")) break;
      }
      process.kill(-workers[0]!.pid, "SIGKILL");
      const said = await new Response(fleet.stderr).text();
      assert.equal(await fleet.exited, 0, said);
      assert.doesNotMatch(said, /refused|no answer/);
    } finally {
      process.kill(-workers[1]!.pid, "SIGKILL");
    }
    const read = (name: string) => readFileSync(join(folder, name), "utf8");
    assert.equal(read("fleet.rows.jsonl"), read("local.rows.jsonl"));
    const samples = (name: string) => read(`${name}.journal.jsonl`).split("\n").slice(1).join("\n"); // after its header
    assert.equal(samples("fleet"), samples("local"));
    assert.match(samples("local"), /=2","finish_reason":"stop"/);
    const scores = (name: string) => {
      const { run: _, rows: __, ...rest } = JSON.parse(read(name));
      return rest;
    };
    assert.deepEqual(scores("fleet.json"), scores("local.json"));
  });
});
