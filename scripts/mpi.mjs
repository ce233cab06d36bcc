// MPI for training on several processes: mpirun of the PATH, else Debian's MPICH unpacked into .cache/mpich, without
// root. npm starts mpirun and not the reverse: a Node in between drops the descriptor that a rank reports through.

import { existsSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { delimiter, join } from "node:path";
import { unpackPackages } from "./apt.mjs";
import { CACHE, locked, requireNetwork } from "./cache.mjs";
import { librariesUnder } from "./driver.mjs";
import { capture, hand, say } from "./process.mjs";

/**
 * @typedef {{ kind: "MPICH" | "Open MPI", program: string, env: Record<string, string>, root?: string }} Launcher
 */

/**
 * The launcher of this machine: GHPO_MPIRUN, mpirun of the PATH, or MPICH unpacked into the cache.
 * @returns {Promise<Launcher | { missing: string }>}
 */
export async function ensureMpi() {
  const { GHPO_MPIRUN: chosen } = process.env;
  const kind = await kindOf(chosen ?? "mpirun");
  if (kind) return { kind, program: chosen ?? "mpirun", env: {} };
  if (chosen) {
    return { missing: `Cannot start ranks as GHPO_MPIRUN must be an mpirun: current value is ${chosen}` };
  }
  return await ensureUnpackedMpich();
}

/** MPICH in the cache, whatever is on the PATH: what a bundle takes along. */
export async function ensureUnpackedMpich() {
  return await unpacked("MPICH", ["mpich", "libmpich12"], "mpich", "mpiexec.hydra");
}

/** Open MPI from the same place, which only the tests ask for. */
export async function ensureOpenMpi() {
  return await unpacked("Open MPI", ["openmpi-bin", "libopenmpi3"], "openmpi", "mpirun.openmpi");
}

async function unpacked(kind, packages, folder, program) {
  const root = join(CACHE, folder);
  const path = join(root, "usr", "bin", program);
  try {
    if (process.platform !== "linux") throw new Error("only on Debian and Ubuntu");
    await locked(async () => {
      if (existsSync(path)) return;
      requireNetwork(kind);
      say(`unpacking ${kind} into .cache/${folder}`);
      await unpackPackages(packages, `${root}.new`);
      renameSync(`${root}.new`, root);
    });
  } catch (error) {
    const reason = error.message.replace(/^Cannot \S+ /, "");
    return {
      missing:
        `Cannot start ranks as mpirun must be on the PATH or in the package archive: install MPICH or Open MPI ` +
        `with your package manager (${reason})`,
    };
  }
  const inherited = process.env.LD_LIBRARY_PATH;
  const libraries = [...librariesUnder(root), ...(inherited ? [inherited] : [])].join(delimiter);
  const own = kind === "MPICH" ? {} : { OPAL_PREFIX: join(root, "usr") };
  return { kind, program: path, root, env: { LD_LIBRARY_PATH: libraries, ...own } };
}

async function kindOf(program) {
  const { code, stdout } = await capture(program, ["--version"]);
  if (code !== 0) return null;
  return /Open MPI|OpenRTE|PRTE/.test(stdout)
    ? "Open MPI"
    : /HYDRA|MPICH|Intel/i.test(stdout)
    ? "MPICH"
    : null;
}

/** The exit code of a run that was told to stop, and has said so. */
const STOPPED = 130;

/** With these a command only says something about its ranks, and starts none. */
const NO_RUN = ["--plan", "--plan-gib", "--dry-run"];

/**
 * Takes --ranks out of the words of a training command.
 * @param {string[]} words
 * @returns {{ ranks: number | null, words: string[] }} null: none are to be started
 */
export function takeRanks(words) {
  const at = words.findIndex((word) => /^--ranks(=|$)/.test(word));
  if (at < 0 || words.some((word) => NO_RUN.includes(word.replace(/=.*/, "")))) return { ranks: null, words };
  const inline = words[at].includes("=");
  const value = inline ? words[at].slice("--ranks=".length) : words[at + 1] ?? "";
  if (!/^[1-9]\d*$/.test(value)) {
    throw new RangeError(
      `Cannot start ranks as --ranks must be a number from 1 on: current value is "${value}"`,
    );
  }
  return { ranks: Number(value), words: words.toSpliced(at, inline ? 1 : 2) };
}

/**
 * The command line that starts `ranks` processes of a program, with what it adds to the environment.
 * @param {Launcher} launcher
 * @param {number} ranks
 * @param {string[]} command
 */
export function launch({ kind, program, env }, ranks, command) {
  if (kind === "MPICH") {
    return { program, args: ["-print-all-exitcodes", "-n", String(ranks), ...command], env };
  }
  const root = process.getuid?.() === 0
    ? { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" }
    : {};
  const quiet = ["--mca", "mca_base_component_show_load_errors", "0"];
  // Up to two ranks it would pin each to one core; more ranks than cores are the user's decision.
  const args = [...quiet, "--bind-to", "none", "--oversubscribe", "-n", String(ranks), ...command];
  return { program, args, env: { ...env, ...root } };
}

/**
 * Runs ranks to their end and resolves with the exit code. Where the ranks have said what is wrong, what the launcher
 * adds to that is left out; where a rank was killed, one sentence says which and how.
 */
export async function handRanks(launcher, ranks, command, { cwd, env } = {}) {
  const started = launch(launcher, ranks, command);
  const filters = { stdout: new Banners(), stderr: new Banners() }; // MPICH prints on both
  const on = Object.fromEntries(
    Object.entries(filters).map(([name, filter]) => [name, (text) => process[name].write(filter.pass(text))]),
  );
  const code = await hand(started.program, started.args, {
    cwd,
    env: { ...env, ...started.env, LD_LIBRARY_PATH: joined(started.env, env) },
    signals: ["SIGUSR1"],
    on,
    stop: (mpirun, signal) => signal !== "SIGHUP" && tellRanks(mpirun, command, signal),
  });
  for (const [name, filter] of Object.entries(filters)) process[name].write(filter.rest());
  if (code !== 0 && code !== STOPPED && !filters.stderr.explained) {
    const banners = filters.stdout.banners + filters.stderr.banners;
    const lost = lostRank(banners);
    const words = banners.replace(/^\[mpiexec@.*\n/gm, ""); // exit codes, asked for to find the rank
    process.stderr.write(lost === null ? words : `error: ${lost}\n`);
  }
  return code;
}

/**
 * Sends a signal to the ranks that a launcher has started, who save and stop then. At Ctrl-C the launcher itself kills them,
 * and after a SIGUSR1 that it passes on, MPICH 4.0's often says that all ended with 0.
 * @returns whether there are any
 */
function tellRanks(mpirun, command, signal) {
  const ranks = below(mpirun).filter((pid) => read(`/proc/${pid}/cmdline`) === `${command.join("\0")}\0`);
  for (const pid of ranks) process.kill(pid, signal);
  return ranks.length > 0;
}

/** The processes below one; none where there is no /proc. */
function below(pid) {
  const threads = existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : [];
  const children = threads.flatMap((thread) => read(`/proc/${pid}/task/${thread}/children`).split(" "));
  return children.filter(Boolean).map(Number).flatMap((child) => [child, ...below(child)]);
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // it has ended
  }
}

/** The launcher's libraries before the driver's. */
function joined(own, env) {
  return [
    ...new Set([own.LD_LIBRARY_PATH, env?.LD_LIBRARY_PATH].filter(Boolean).join(delimiter).split(delimiter)),
  ]
    .join(delimiter);
}

const BEGIN = /^={60,}$|^-{60,}$|^Abort\(\d+\) on node|^\[mpiexec@|ORTE_ERROR_LOG|^\[.*\] PMIX ERROR/;

/** Takes what MPICH's and Open MPI's mpirun print about a failed job out of a stream. */
export class Banners {
  banners = "";
  /** Whether a rank has said in its own words what is wrong. */
  explained = false;
  #line = "";
  #end = null;

  /** What of a piece of text is to be shown. */
  pass(text) {
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop();
    let shown = lines.filter((line) => !this.#isBanner(line)).map((line) => `${line}\n`).join("");
    // A progress line has no end until the next one.
    if (this.#end === null && this.#line.startsWith("\r")) {
      shown += this.#line;
      this.#line = "";
    }
    return shown;
  }

  /** An unfinished last line. */
  rest() {
    const last = this.#line;
    this.#line = "";
    return last === "" || this.#isBanner(last) ? "" : last;
  }

  #isBanner(line) {
    if (/^error: /.test(line)) this.explained = true;
    if (this.#end === null) {
      const [mark] = BEGIN.exec(line) ?? [];
      if (mark === undefined) return false;
      // MPICH's goes on behind its second rule; Open MPI's blocks stand between two rules.
      this.#end = mark.startsWith("=") ? /^Please see the FAQ/ : mark.startsWith("-") ? /^-{60,}$/ : null;
    } else if (this.#end.test(line)) this.#end = null;
    this.banners += `${line}\n`;
    return true;
  }
}

/** Which rank was killed, by the launcher's words; null when they do not say. */
export function lostRank(banners) {
  const signal = /signal (\d+)/.exec(banners)?.[1];
  const named = /process rank (\d+)/.exec(banners)?.[1]; // Open MPI
  // MPICH: the first to die, and perhaps some that were ended because of it. The process that it names is another.
  const codes = /Exit codes: \[[^\]]*\] ([\d,]+)$/m.exec(banners)?.[1].split(",") ?? [];
  const ranks = named === undefined ? [...codes.keys()].filter((rank) => codes[rank] === signal) : [named];
  if (ranks.length === 0 || signal === undefined) return null;
  return `Cannot continue as rank ${
    ranks.join(" or ")
  } was ended by signal ${signal}; --resume goes on from the last ` +
    "checkpoint";
}
