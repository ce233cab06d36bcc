// Loading a sharded checkpoint takes little memory of the host, whatever the model's size.

import assert from "node:assert/strict";
import { it } from "node:test";

it("loads shards of 50 MB in less host memory than two of them", { timeout: 120_000 }, (t) => {
  if (process.platform !== "linux") return t.skip("only Linux tells a process its peak");
  const sizes = ["--layers", "10", "--hidden", "1024", "--vocabulary", "8000", "--shard-mb", "50"];
  // The collector lets garbage lie as long as the machine has room; a small one shows what is needed.
  const env = { ...process.env, BUN_JSC_forceRAMSize: "100000000" };
  const command = [process.execPath, `${import.meta.dirname}/load_memory.ts`, ...sizes];
  const { stdout, stderr, exitCode } = Bun.spawnSync(command, { env });
  assert.equal(exitCode, 0, stderr.toString());
  const { shards, ratio, host } = JSON.parse(stdout.toString());
  assert.ok(shards >= 7, `${shards} shards`);
  assert.ok(ratio > 0 && ratio < 2, `${host} bytes, ${ratio} of the largest shard`);
});
