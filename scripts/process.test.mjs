import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { capture, mustRun } from "./process.mjs";

const node = process.execPath;
const linux = process.platform === "linux";
const module = fileURLToPath(new URL("./process.mjs", import.meta.url));

describe("capture()", () => {
  it("keeps output and code", async () => {
    const { code, stdout, stderr } = await capture(node, [
      "-e",
      `console.log("out"); console.error("err"); process.exitCode = 3`,
    ]);
    assert.deepEqual([code, stdout, stderr], [3, "out\n", "err\n"]);
  });

  it("ends at once for a program that does not exist", async () => {
    const script = `import { capture } from ${JSON.stringify(module)};
      console.log(\`code \${(await capture("no-such-program", [])).code}\`);`;
    const { code, stdout } = await capture(node, ["--input-type=module", "-e", script], { timeout: 10_000 });
    assert.deepEqual([code, stdout], [0, "code 127\n"]);
  });

  it("stops a program that takes too long", async () => {
    const { code } = await capture(node, ["-e", "setInterval(() => {}, 1000)"], { timeout: 300 });
    assert.equal(code, 137);
  });
});

describe("mustRun()", () => {
  it("names the step and the last lines of a failure", async () => {
    const failing = mustRun("bake", node, ["-e", "console.error('no flour'); process.exitCode = 2"]);
    await assert.rejects(failing, /Cannot bake as .* ended with code 2: no flour/);
  });
});

describe("hand()", () => {
  /** Starts `hand` in a process of its own, as npm would, around a child that runs `body`. */
  function start(body) {
    const script = `import { hand } from ${JSON.stringify(module)};
      process.exitCode = await hand(${JSON.stringify(node)}, ["-e", ${JSON.stringify(body)}]);`;
    const child = spawn(node, ["--input-type=module", "-e", script], { stdio: ["pipe", "pipe", "ignore"] });
    let stdout = "";
    child.stdout.on("data", (chunk) => stdout += chunk);
    const seen = (text) =>
      new Promise((resolve) => {
        child.stdout.on("data", () => stdout.includes(text) && resolve());
      });
    const ended = new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout })));
    return { child, seen, ended };
  }

  it("passes stdin, stdout and the exit code", async () => {
    const { child, ended } = start("process.stdin.pipe(process.stdout); process.exitCode = 7");
    child.stdin.end("hello");
    assert.deepEqual(await ended, { code: 7, stdout: "hello" });
  });

  it("passes one interrupt on once, even when npm delivers it twice", async () => {
    const body = `let count = 0;
      process.on("SIGINT", () => { count++; setTimeout(() => { console.log("interrupts " + count); process.exit(0); }, 300); });
      setInterval(() => {}, 1000);
      console.log("ready");`;
    const { child, seen, ended } = start(body);
    await seen("ready");
    child.kill("SIGINT");
    setTimeout(() => child.kill("SIGINT"), 50);
    assert.deepEqual(await ended, { code: 0, stdout: "ready\ninterrupts 1\n" });
  });

  it(
    "kills the program when npm is killed",
    { skip: linux ? false : "kill is tested on Linux" },
    async () => {
      // This test stands for npm's caller, the shell for npm, and the sleeping process for the trainer.
      const body = 'console.log("pid " + process.pid); setInterval(() => {}, 1000);';
      const script = `import { hand } from ${JSON.stringify(module)};
      await hand(${JSON.stringify(node)}, ["-e", ${JSON.stringify(body)}]);`;
      const shell = spawn("sh", ["-c", '"$0" --input-type=module -e "$1"; true', node, script], {
        env: { ...process.env, npm_lifecycle_event: "ghpo" },
        stdio: ["ignore", "pipe", "ignore"],
      });
      const pid = await new Promise((resolve) => {
        shell.stdout.on("data", (chunk) => resolve(Number(/pid (\d+)/.exec(chunk)?.[1])));
      });
      process.kill(pid, 0); // it runs
      const ended = new Promise((resolve) => shell.stdout.on("close", resolve)); // held open by the program
      shell.kill("SIGKILL");
      await ended;
      assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
    },
  );
});
