// The short run of harness.ts in a process of its own, so that it can have rights and a clock of its own.
//   bun trainer/faults/unigram_run.ts RUN [--resume] [--forbid FOLDER]...
// --forbid takes the right to write in a part of the run away in the middle of it. Errors are printed as commands do.

import { messageOf } from "#shared/text/format.ts";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { UnigramPolicy } from "../loop/testing.ts";
import { unigramRun } from "./harness.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    resume: { type: "boolean", default: false },
    forbid: { type: "string", multiple: true, default: [] },
  },
});
const run = positionals[0]!;
let updates = 0;
const policy = new UnigramPolicy((call) => {
  if (call === "step" && ++updates === 5) {
    for (const path of values.forbid) chmodSync(join(run, path), 0o555);
  }
});
try {
  await unigramRun(run, policy, values.resume);
} catch (error) {
  console.error(`error: ${messageOf(error)}`);
  process.exitCode = 1;
}
