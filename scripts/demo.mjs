// npm run demo -- ARGUMENTS
// Sets up what is missing, then runs the trainer's `demo` command on its embedded defaults.

import { join } from "node:path";
import { ROOT } from "./cache.mjs";
import { hand } from "./process.mjs";
import { setUp } from "./setup.mjs";
import { TOOLS } from "./tools.mjs";

try {
  const env = await setUp();
  const args = [join(ROOT, "trainer", "main.ts"), "demo", ...process.argv.slice(2)];
  process.exitCode = await hand(TOOLS.bun, args, { cwd: ROOT, env });
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
