// The evaluator may touch what its arguments name, and nothing else: a program that tries more is stopped.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { ROOT } from "./cache.mjs";
import { forEvaluator } from "./permissions.mjs";
import { capture } from "./process.mjs";
import { TOOLS } from "./tools.mjs";

const folder = mkdtempSync(join(tmpdir(), "permissions-"));
after(() => rmSync(folder, { recursive: true }));
for (const name of ["model", "out", "elsewhere", "blobs"]) mkdirSync(join(folder, name));
for (const name of ["model/config.json", "elsewhere/secret", "blobs/weights"]) {
  writeFileSync(join(folder, name), "x");
}
symlinkSync(join(folder, "blobs/weights"), join(folder, "model/model.safetensors"));

const program = join(folder, "tries.ts");
writeFileSync(
  program,
  `const tries = {
    readModel: () => Deno.readTextFile(${JSON.stringify(join(folder, "model/config.json"))}),
    readLink: () => Deno.readTextFile(${JSON.stringify(join(folder, "model/model.safetensors"))}),
    readElsewhere: () => Deno.readTextFile(${JSON.stringify(join(folder, "elsewhere/secret"))}),
    readSystem: () => Deno.readTextFile("/etc/hostname"),
    writeOut: () => Deno.writeTextFile(${JSON.stringify(join(folder, "out/x.json"))}, ""),
    writeModel: () => Deno.writeTextFile(${JSON.stringify(join(folder, "model/config.json"))}, ""),
    writeSources: () => Deno.writeTextFile(${
    JSON.stringify(join(ROOT, "evaluator/main.ts"))
  }, "", { append: true }),
    endpoint: () => fetch("http://127.0.0.1:18181/"),
    otherPort: () => fetch("http://127.0.0.1:18182/"),
    otherHost: () => fetch("http://example.com/"),
    key: async () => Deno.env.get("OPENAI_API_KEY"),
    token: async () => Deno.env.get("GHPO_TOKEN"),
    home: async () => Deno.env.get("HOME"),
    run: () => new Deno.Command("true").output(),
    system: async () => Deno.hostname(),
  };
  for (const [name, attempt] of Object.entries(tries)) {
    const refused = await attempt().then(() => false, (error) => error instanceof Deno.errors.NotCapable);
    console.log(name, refused ? "refused" : "allowed");
  }`,
);

/** What a command with these arguments may do. */
async function allowed(...args) {
  const flags = forEvaluator(args).map((flag) => flag.replace("--allow-read=", `--allow-read=${program},`));
  const { stdout, stderr } = await capture(TOOLS.deno, ["run", "--no-config", ...flags, program], {
    env: process.env,
  });
  assert.notEqual(stdout, "", stderr);
  return stdout.trim().split("\n").filter((line) => line.endsWith(" allowed")).map((line) =>
    line.split(" ")[0]
  );
}

describe("permissions of the evaluator", () => {
  it("are those of the files that a checkpoint's evaluation names", async () => {
    assert.deepEqual(await allowed("--model", join(folder, "model"), "--out", join(folder, "out/x.json")), [
      ...["readModel", "readLink", "writeOut"],
    ]);
  });

  it("start from the folder that the command was called in", () => {
    assert.deepEqual(
      forEvaluator(["--model", "model", "--out", "out/x.json"], folder),
      forEvaluator(["--model", join(folder, "model"), "--out", join(folder, "out/x.json")], folder),
    );
    assert.deepEqual(
      forEvaluator(["compare", "model/config.json", "model/config.json"], folder),
      forEvaluator(["compare", join(folder, "model/config.json"), join(folder, "model/config.json")], folder),
    );
  });

  it("are the server and its key for an endpoint", async () => {
    const endpoint = [
      "--endpoint=http://127.0.0.1:18181/v1",
      "--model",
      "name",
      "--out",
      join(folder, "out/x.json"),
    ];
    assert.deepEqual(await allowed(...endpoint), ["writeOut", "endpoint", "key"]);
  });

  it("are nothing but reading for a comparison", async () => {
    assert.deepEqual(
      await allowed("compare", join(folder, "model/config.json"), join(folder, "model/config.json")),
      ["readModel", "readLink"],
    );
  });
});
