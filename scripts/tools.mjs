// Bun, Deno, the pinned dependencies and hyperfine: fetched once into .cache and node_modules by npm, Bun
// and apt-get, never into the system.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { unpackPackages } from "./apt.mjs";
import { readTarGz } from "./archives.mjs";
import { CACHE, hash, locked, OFFLINE, read, readJson, ROOT, writeJson } from "./cache.mjs";
import { capture, mustRun, say } from "./process.mjs";

const VERSIONS = { bun: "1.4.5", deno: "2.9.6" };
const MINIFLARE = "4.20260426.0";
const windows = process.platform === "win32";
const packages = join(CACHE, "tools", "node_modules");

/** The real executables, not npm's wrappers: a wrapper would stand between a signal and its receiver. */
export const TOOLS = {
  // So named on every system. A program that imports the library runs on a Bun of its own.
  bun: process.versions.bun ? process.execPath : join(packages, "bun", "bin", "bun.exe"),
  deno: join(packages, "deno", windows ? "deno.exe" : "deno"),
};

/** Bun and Deno from npm at the pinned versions. */
export async function ensureTools() {
  if (OFFLINE) return;
  // A file of a few hundred bytes stands in for each executable until its package's script has run.
  const installed = () =>
    Object.entries(VERSIONS).every(([name, version]) =>
      statSync(TOOLS[name], { throwIfNoEntry: false })?.size > 1e6 &&
      readJson(join(packages, name, "package.json"))?.version === version
    );
  if (installed()) return;
  await locked(async () => {
    if (installed()) return;
    const wanted = Object.entries(VERSIONS).map(([name, version]) => `${name}@${version}`);
    say(`installing ${wanted.join(" and ")} into .cache/tools`);
    const prefix = ["--prefix", join(CACHE, "tools")];
    await npm("install", ...prefix, "--no-save", "--no-package-lock", "--ignore-scripts", ...wanted);
    // The two scripts link the executable into place; run here, as npm may be told to run none.
    for (const [name, script] of [["bun", "install.js"], ["deno", "install.cjs"]]) {
      await mustRun(`install ${name}`, process.execPath, [script], { cwd: join(packages, name) });
    }
    if (!installed()) throw new Error(`Cannot install ${wanted.join(" and ")} as npm left no executable`);
  });
}

/** node_modules as bun.lock has it. */
export async function ensureDependencies() {
  if (OFFLINE) return;
  const stamp = join(CACHE, "dependencies.json");
  const lock = hash(read(join(ROOT, "package.json")) + read(join(ROOT, "bun.lock")));
  const installed = () => readJson(stamp)?.lock === lock && existsSync(join(ROOT, "node_modules", "webgpu"));
  if (installed()) return;
  await locked(async () => {
    if (installed()) return;
    say("installing the dependencies of bun.lock");
    await mustRun("install the dependencies", TOOLS.bun, ["install", "--frozen-lockfile"], { cwd: ROOT });
    writeJson(stamp, { lock });
  });
}

/** Miniflare with Cloudflare's workerd, on which the evaluator's service is tested too: about 180 MB. */
export async function ensureEdge() {
  const edge = join(CACHE, "edge");
  const installed = () =>
    readJson(join(edge, "node_modules", "miniflare", "package.json"))?.version === MINIFLARE;
  if (installed()) return;
  await locked(async () => {
    if (installed()) return;
    say(`installing miniflare@${MINIFLARE} into .cache/edge`);
    await npm("install", "--prefix", edge, "--no-save", "--no-package-lock", `miniflare@${MINIFLARE}`);
  });
}

/**
 * hyperfine from the PATH, else unpacked from the machine's package archive.
 * @returns {Promise<string | undefined>} the folder to put on PATH ("" when it is there); undefined when it cannot be had
 */
export async function ensureHyperfine() {
  const folder = join(CACHE, "hyperfine", "usr", "bin");
  const unpacked = () => existsSync(join(folder, "hyperfine"));
  if (unpacked()) return folder;
  if ((await capture("hyperfine", ["--version"])).code === 0) return "";
  return await locked(async () => {
    if (unpacked()) return folder;
    try {
      say("unpacking hyperfine into .cache/hyperfine");
      await unpackPackages(["hyperfine"], join(CACHE, "hyperfine"));
      return folder;
    } catch (error) {
      process.stderr.write(`${error.message}: install hyperfine with your package manager\n`);
      return undefined;
    }
  });
}

/** The caller's environment with the tools first on PATH and the driver's variables. */
export function childEnvironment(driver) {
  const path = [dirname(TOOLS.deno), join(packages, ".bin"), process.env.PATH ?? ""].join(delimiter);
  return {
    XDG_RUNTIME_DIR: tmpdir(), // unset, Mesa warns on stderr at every start
    // Asked for every backend, Deno loads libEGL too, which now and then frees its thread data twice when a process ends
    // and aborts it. Vulkan is what is wanted on Linux anyway.
    ...(process.platform === "linux" && { DENO_WEBGPU_BACKEND: "vulkan" }),
    ...process.env,
    ...driver,
    PATH: path,
  };
}

/** Runs npm in .cache, quietly. */
async function npm(...args) {
  // Inside `npm run` this is npm's own script; run by this Node it needs no shell on any system.
  const script = process.env.npm_execpath;
  const [program, first] = script?.endsWith("npm-cli.js")
    ? [process.execPath, [script]]
    : [windows ? "npm.cmd" : "npm", []];
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  await mustRun(`run npm ${args[0]}`, program, [...first, ...args, ...quiet], { cwd: CACHE });
}

/**
 * The files of a published package, without installing it.
 * @param {string} spec name@version
 * @returns {Promise<Map<string, Buffer>>} contents by path; every path starts with `package/`
 */
export async function npmFiles(spec) {
  const work = join(CACHE, `pack-${process.pid}`);
  mkdirSync(work, { recursive: true });
  try {
    await npm("pack", spec, "--pack-destination", work);
    const [tarball] = readdirSync(work);
    return readTarGz(readFileSync(join(work, tarball)));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
