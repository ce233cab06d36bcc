import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { childEnvironment, TOOLS } from "./tools.mjs";

describe("childEnvironment()", () => {
  const skip = process.platform === "linux" ? false : "libraries are listed in /proc on Linux only";

  it("keeps Deno from loading libEGL when it looks for an adapter", { skip }, () => {
    const code = `await navigator.gpu.requestAdapter();
      console.log(/libEGL/.test(Deno.readTextFileSync("/proc/self/maps")));`;
    const loaded = (env) => execFileSync(TOOLS.deno, ["eval", code], { env, encoding: "utf8" }).trim();
    assert.equal(loaded(childEnvironment({})), "false");
  });

  it("leaves what the caller has set", () => {
    process.env.XDG_RUNTIME_DIR = "/elsewhere";
    assert.equal(childEnvironment({}).XDG_RUNTIME_DIR, "/elsewhere");
    assert.equal(childEnvironment({ A: "1" }).A, "1");
  });
});
