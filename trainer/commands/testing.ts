// The command line in a process of its own, and a run to use it on.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeRun } from "../dashboard/testing/run.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Writes a run of 20 of 30 steps into a folder, and names it. */
export function aRun(folder: string): string {
  const run = join(folder, "demo");
  writeRun(run, 20, 30);
  return run;
}

/** The command line with these arguments, in the root of the repository. */
export function ghpo(...args: string[]) {
  return ghpoWith({}, ...args);
}

/** The same with these variables of the environment. */
export function ghpoWith(env: Record<string, string>, ...args: string[]) {
  return ghpoIn(ROOT, args, env);
}

/** The same in another folder. */
export function ghpoIn(cwd: string, args: string[], env: Record<string, string> = {}) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([
    process.execPath,
    join(ROOT, "trainer/main.ts"),
    ...args,
  ], {
    cwd,
    env: { ...process.env, ...env },
    stdin: "ignore",
  });
  return { code: exitCode, out: stdout.toString(), err: stderr.toString() };
}
