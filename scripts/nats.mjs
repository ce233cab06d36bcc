// The nats-server that samplers meet at: of the PATH, else Debian's unpacked into .cache/nats.

import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { unpackPackages } from "./apt.mjs";
import { CACHE, locked } from "./cache.mjs";
import { capture, say } from "./process.mjs";

/** @returns {Promise<{ program: string } | { missing: string }>} */
export async function ensureNats() {
  if ((await capture("nats-server", ["--version"])).code === 0) return { program: "nats-server" };
  const root = join(CACHE, "nats");
  const program = join(root, "usr", "sbin", "nats-server");
  try {
    if (process.platform !== "linux") throw new Error("only on Debian and Ubuntu");
    await locked(async () => {
      if (existsSync(program)) return;
      say("unpacking nats-server into .cache/nats");
      await unpackPackages(["nats-server"], `${root}.new`);
      renameSync(`${root}.new`, root);
    });
    return { program };
  } catch (error) {
    return {
      missing:
        `Cannot start nats-server as it must be on the PATH or in the package archive: ${error.message}`,
    };
  }
}
