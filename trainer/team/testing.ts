// Real ranks for tests: the launchers of this machine, and programs run by them to their end.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Banners, ensureMpi, ensureOpenMpi, launch, type Launcher } from "../../scripts/mpi.mjs";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
  seconds: number;
  /** When the launcher had ended, ms since 1970. */
  ended: number;
  /** Processes of the job that are still there two seconds later. */
  orphans: number;
}

/** Both launchers, or why there is none. */
export const LAUNCHERS: readonly (Launcher | { missing: string })[] = [
  await ensureMpi(),
  await ensureOpenMpi(),
];

/** For `skip`: the reason, or false. */
export function missing(launcher: Launcher | { missing: string }): string | false {
  return "missing" in launcher ? launcher.missing : false;
}

let jobs = 0;

/** Starts `bun FILE ...words` on so many ranks and waits. */
export async function runRanks(
  launcher: Launcher | { missing: string },
  ranks: number,
  words: readonly string[],
  env: Record<string, string> = {},
): Promise<Ended> {
  if ("missing" in launcher) throw new Error(launcher.missing);
  const { program, args, env: own } = launch(launcher, ranks, [process.execPath, ...words]);
  const libraries = [own["LD_LIBRARY_PATH"], env["LD_LIBRARY_PATH"], process.env["LD_LIBRARY_PATH"]];
  const LD_LIBRARY_PATH = libraries.filter(Boolean).join(":");
  return await run([program, ...args], { ...own, ...env, LD_LIBRARY_PATH });
}

/** The same in one process without MPI. */
export function runAlone(words: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return run([process.execPath, ...words], env);
}

async function run(command: string[], env: Record<string, string>): Promise<Ended> {
  const began = performance.now();
  const token = `${process.pid}-${jobs++}-${Date.now()}`;
  const child = Bun.spawn(command, {
    cwd: ROOT,
    env: { ...process.env, ...env, GHPO_JOB: token, NO_COLOR: "1" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const seconds = (performance.now() - began) / 1000;
  const ended = Date.now();
  const shown = (text: string) => {
    const filter = new Banners();
    return filter.pass(text) + filter.rest();
  };
  let orphans = processesWith(`GHPO_JOB=${token}`);
  for (let i = 0; orphans > 0 && i < 20; i++) { // what is being killed may need a moment
    await Bun.sleep(100);
    orphans = processesWith(`GHPO_JOB=${token}`);
  }
  return { code, stdout: shown(stdout), stderr: shown(stderr), seconds, ended, orphans };
}

/** Living processes with this in their environment. */
function processesWith(text: string): number {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return readFileSync(join("/proc", pid, "environ"), "latin1").includes(text) &&
        !/^\d+ \(.*\) Z/.test(readFileSync(join("/proc", pid, "stat"), "latin1"));
    } catch {
      return false;
    }
  }).length;
}
