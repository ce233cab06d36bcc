// The folder of outside fixtures (GHPO_SHARED, default ../shared beside the repository). Tests that need
// third-party data skip with a sentence when it is absent.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(import.meta.resolve("../../"));

/** Absolute path of a fixture, whether or not it exists. */
export function sharedPath(path: string): string {
  return join(Deno.env.get("GHPO_SHARED") ?? resolve(root, "..", "shared"), path);
}

/** For `it(name, { skip: withoutShared("data") }, ...)`: false where the fixture exists, else the reason. */
export function withoutShared(path: string): false | string {
  return existsSync(sharedPath(path)) ? false : `outside fixture ${path} is absent: set GHPO_SHARED`;
}
