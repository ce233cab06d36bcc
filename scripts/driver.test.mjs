// Each rung with the ones above it hidden. These tests share .cache with the commands, so a rung is fetched
// at most once a clone; they skip where the machine cannot have it.

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { CACHE } from "./cache.mjs";
import { ensureVulkan } from "./driver.mjs";
import { capture } from "./process.mjs";
import { ensureDependencies, ensureTools } from "./tools.mjs";

const linux = process.platform === "linux";
const hasApt = linux && (await capture("apt-get", ["--version"])).code === 0;
const onlyApt = hasApt ? false : "this machine has no apt-get";
const onlyX64 = linux && process.arch === "x64" ? false : "the SwiftShader of npm is for Linux on x86-64";

describe("ensureVulkan()", () => {
  before(async () => {
    await ensureTools();
    await ensureDependencies();
  });

  it(
    "takes lavapipe from the machine's archive when the system's drivers are hidden",
    { skip: onlyApt },
    async () => {
      const { rung, adapter, missing } = await ensureVulkan({ hide: "system,npm" });
      assert.equal(rung, "apt", missing);
      assert.match(adapter.description, /llvmpipe: Mesa (2[5-9]|[3-9]\d)/);
    },
  );

  it("takes SwiftShader from npm when that is hidden too", { skip: onlyX64 }, async () => {
    const { rung, adapter, missing } = await ensureVulkan({ hide: "system,apt" });
    assert.equal(rung, "npm", missing);
    assert.match(adapter.description, /SwiftShader/);
  });

  it("says in one sentence what to install when every rung is hidden", async () => {
    const { rung, env, missing } = await ensureVulkan({ hide: "system,apt,npm" });
    assert.equal(rung, undefined);
    assert.deepEqual(env, {});
    assert.match(missing, /^Cannot find a usable GPU adapter: .*$/);
  });

  it("refuses an unknown rung by name", async () => {
    await assert.rejects(ensureVulkan({ hide: "lavapipe" }), /"lavapipe" is no rung: use system, apt, npm/);
  });

  it("repeats nothing the second time", { skip: onlyX64 }, async () => {
    await ensureVulkan({ hide: "system,apt" });
    const library = join(CACHE, "swiftshader", "libvk_swiftshader.so");
    const { mtimeMs } = statSync(library);
    const started = performance.now();
    await ensureTools();
    await ensureDependencies();
    const { rung } = await ensureVulkan({ hide: "system,apt" });
    assert.equal(rung, "npm");
    assert.equal(statSync(library).mtimeMs, mtimeMs);
    assert.ok(performance.now() - started < 300, "a probe or an installation ran again");
  });
});
