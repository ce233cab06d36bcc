// node:test that also writes down why a test is skipped: the reports of Bun and Deno leave the reason out.
//
// Bun preloads this file, which replaces the functions of its node:test; Deno maps `node:test` to it with
// skip_reasons.json. Each skip is one JSON line in the file that GHPO_SKIP_LOG names.

import { appendFileSync } from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import * as nodeTest from "node:test";

export * from "node:test";
export { default } from "node:test";

const log = process.env.GHPO_SKIP_LOG;

function recording(real) {
  const wrapper = (title, options, ...rest) => {
    const reason = options?.skip;
    if (log && typeof reason === "string") appendFileSync(log, JSON.stringify({ title, reason }) + "\n");
    return real(title, options, ...rest);
  };
  return Object.assign(wrapper, real);
}

export const describe = recording(nodeTest.describe);
export const it = recording(nodeTest.it);
export const suite = recording(nodeTest.suite);
export const test = recording(nodeTest.test);

if (process.versions.bun) {
  Object.assign(createRequire(import.meta.url)("node:test"), { describe, it, suite, test });
  syncBuiltinESMExports();
}
