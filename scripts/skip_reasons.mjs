// node:test that also writes down why a test is skipped: the reports of Bun and Deno leave the reason out.
//
// Bun preloads this file, which replaces the functions of its node:test before any test imports them; Deno
// maps `node:test` to it with skip_reasons.json. Each skip is one JSON line in the file of GHPO_SKIP_LOG.

import { appendFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";

// Not an import: Bun would then fix the exports before they are replaced.
const nodeTest = createRequire(import.meta.url)("node:test");
const log = process.env.GHPO_SKIP_LOG;

function record(title, reason) {
  if (log && typeof reason === "string") appendFileSync(log, JSON.stringify({ title, reason }) + "\n");
}

function recording(real) {
  const wrapper = (title, ...rest) => {
    record(title, rest[0]?.skip);
    const body = rest.at(-1);
    // With a second parameter it would be a callback to call at the end.
    if (typeof body !== "function" || body.length > 1) return real(title, ...rest);
    return real(title, ...rest.slice(0, -1), (context) => {
      const skip = context?.skip;
      if (skip) {
        context.skip = (reason) => {
          record(title, reason);
          return skip.call(context, reason);
        };
      }
      return body(context);
    });
  };
  return Object.assign(wrapper, real);
}

export const { after, afterEach, before, beforeEach, mock } = nodeTest;
export const describe = recording(nodeTest.describe);
export const it = recording(nodeTest.it);
export const suite = recording(nodeTest.suite);
export const test = recording(nodeTest.test);
export default test;

if (process.versions.bun) Object.assign(nodeTest, { describe, it, suite, test });
