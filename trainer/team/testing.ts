// Real ranks for tests: the launchers of this machine, and programs run by them to their end.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sha256 } from "#shared/io/hash.ts";
import { RunDirectory } from "../run/directory.ts";
import { fileURLToPath } from "node:url";
import { Banners, ensureMpi, ensureOpenMpi, launch, type Launcher } from "../../scripts/mpi.mjs";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
  seconds: number;
  /** Processor seconds of all its processes. */
  processor: number;
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

/** Another MPI, by its mpirun and, where the launcher's usual one is not meant, the path of its library. */
export function launcherAt(program: string, library: string | undefined): Launcher {
  const version = Bun.spawnSync([program, "--version"]).stdout.toString();
  const kind = /Open MPI|PRTE/.test(version) ? "Open MPI" : "MPICH";
  return { kind, program, env: library ? { GHPO_MPI: library, LD_LIBRARY_PATH: dirname(library) } : {} };
}

/** For `skip`: the reason, or false. */
export function missing(launcher: Launcher | { missing: string }): string | false {
  return "missing" in launcher ? launcher.missing : false;
}

let jobs = 0;

/**
 * Starts `bun FILE ...words` on that many ranks and waits.
 * @param meanwhile is given a function that lists the job's processes with this in their environment
 */
export async function runRanks(
  launcher: Launcher | { missing: string },
  ranks: number,
  words: readonly string[],
  env: Record<string, string> = {},
  meanwhile: (processes: (text: string) => number[]) => void = () => {},
  cwd = ROOT,
): Promise<Ended> {
  if ("missing" in launcher) throw new Error(launcher.missing);
  const { program, args, env: own } = launch(launcher, ranks, [process.execPath, ...words]);
  const libraries = [own["LD_LIBRARY_PATH"], env["LD_LIBRARY_PATH"], process.env["LD_LIBRARY_PATH"]];
  const LD_LIBRARY_PATH = libraries.filter(Boolean).join(":");
  return await run([program, ...args], { ...own, ...env, LD_LIBRARY_PATH }, meanwhile, cwd);
}

/** The same in one process without MPI. */
export function runAlone(words: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return run([process.execPath, ...words], env);
}

async function run(
  command: string[],
  env: Record<string, string>,
  meanwhile: (processes: (text: string) => number[]) => void = () => {},
  cwd = ROOT,
): Promise<Ended> {
  const began = performance.now();
  const token = `${process.pid}-${jobs++}-${Date.now()}`;
  const child = Bun.spawn(command, {
    cwd,
    env: { ...process.env, ...env, GHPO_JOB: token, NO_COLOR: "1" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  meanwhile((text) => processesWith(`GHPO_JOB=${token}`, text));
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const seconds = (performance.now() - began) / 1000;
  const ended = Date.now();
  const processor = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
  const shown = (text: string) => {
    const filter = new Banners();
    return filter.pass(text) + filter.rest();
  };
  const left = () => processesWith(`GHPO_JOB=${token}`).length;
  let orphans = left();
  for (let i = 0; orphans > 0 && i < 20; i++) { // what is being killed may need a moment
    await Bun.sleep(100);
    orphans = left();
  }
  return { code, stdout: shown(stdout), stderr: shown(stderr), seconds, processor, ended, orphans };
}

/** Living processes with all of these texts in their environment. */
function processesWith(...texts: string[]): number[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      const read = (name: string) => readFileSync(join("/proc", String(pid), name), "latin1");
      const environment = read("environ");
      return texts.every((text) => environment.includes(text)) && !/^\d+ \(.*\) Z/.test(read("stat"));
    } catch {
      return false;
    }
  });
}

/** Digests of what a run leaves behind, without clocks. */
export function digestsOf(run: string): Record<string, string> {
  const below = (folder: string) =>
    readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)).filter((path) => !path.endsWith("manifest.json"))
      .sort();
  const files = (paths: string[]) => sha256(paths.map((path) => sha256(readFileSync(path))).join());
  const named = (name: RegExp) => files(below(join(run, "checkpoints")).filter((path) => name.test(path)));
  const metrics = new RunDirectory(run).readMetrics().map((record) =>
    Object.fromEntries(
      Object.entries(record).filter(([key]) =>
        !/time|^(team|fleet)\/|^gpu_bytes$|^prefilled_tokens$/.test(key)
      ),
    )
  );
  return {
    weights: named(/model.*\.safetensors$/),
    moments: named(/optimizer\.safetensors$/),
    state: named(/\.json$/),
    rollouts: files(below(join(run, "rollouts"))),
    metrics: sha256(JSON.stringify(metrics)),
  };
}
