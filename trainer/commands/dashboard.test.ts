import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { temporaryFolders } from "#shared/io/testing.ts";
import { aRun, ghpo, ROOT } from "./testing.ts";

const temporary = temporaryFolders();

describe("ghpo dashboard", () => {
  /** Starts a dashboard and gives its address once it listens. */
  async function start(run: string, ...more: string[]) {
    const command = [process.execPath, "trainer/main.ts", "dashboard", run, "--json", ...more];
    const child = Bun.spawn(command, { cwd: ROOT, stdout: "pipe", stderr: "pipe" });
    const { value } = await child.stdout.getReader().read();
    return { child, said: JSON.parse(new TextDecoder().decode(value)) as { url: string; runs: number } };
  }

  it("serves the runs of a folder and ends by Ctrl-C", { timeout: 30_000 }, async () => {
    const { child, said } = await start(aRun(temporary()), "--port", "0");
    assert.equal(said.runs, 1);
    assert.match(await (await fetch(said.url)).text(), /<title>GHPO dashboard<\/title>/);
    const { port } = new URL(said.url);
    const second = ghpo("dashboard", aRun(temporary()), "--port", port);
    assert.match(
      second.err,
      /Cannot listen on port \d+ of 127\.0\.0\.1 as another program does: give another port, or 0/,
    );
    child.kill("SIGINT");
    assert.equal(await child.exited, 0);
  });

  it("names a wrong flag or folder in one sentence", () => {
    assert.match(
      ghpo("dashboard", "--port", "99999").err,
      /^error: Cannot read the flags as --port must be <= 65535/,
    );
    assert.match(
      ghpo("dashboard", "no/such").err,
      /^error: Cannot find runs in no\/such as there is no such folder/,
    );
    assert.match(
      ghpo("dashboard", "package.json").err,
      /^error: Cannot find runs in package\.json as it is a file: give a run's folder, or one of runs\n$/,
    );
  });
});
