// What is in an offline bundle: the files of each part, where they come from and where they go.

import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { CACHE, readJson, ROOT } from "./cache.mjs";
import { filesUnder } from "./imports.mjs";
import { capture } from "./process.mjs";
import { TOOLS } from "./tools.mjs";

/**
 * @typedef {{ path: string, source?: string, bytes?: Buffer, mode: number }} Entry a file by its path in the bundle,
 *   and where its contents are
 */

/** Folders and files of the project that run; those of package.json's `files`, with the documents. */
const PROJECT = ["trainer", "shared", "evaluator", "scripts"];
const ALONE = ["package.json", "README.md", "ARCHITECTURE.md", "LICENSE"];
const NOT_RUN = /\.test\.\w+$|_test\.ts$|(^|\/)(fixtures|testing)\//;
/** Of a package: what neither runs nor is its licence. */
const NOT_NEEDED = /\.(map|md|markdown|d\.[cm]?ts|ts|flow)$|(^|\/)(tests?|docs?|examples?|benchmarks?)\//;
const LICENCE = /^licen[cs]e|^copying|^notice/i;

/** What npm starts elsewhere, `./ghpo` does here. */
export function spelledForBundle(text) {
  return text.replace(
    /npm run (?:-s )?(ghpo|evaluate|verify|demo)\b(?: --(?=[\s"`]|$))?/g,
    (_, name) => name === "ghpo" ? "./ghpo" : `./ghpo ${name}`,
  );
}

/** @returns {Entry[]} the project's own files */
export function projectFiles() {
  const files = PROJECT.flatMap(filesUnder).filter((path) => !NOT_RUN.test(path));
  return [...files, ...ALONE].map((path) => {
    const source = join(ROOT, path);
    const spelled = /\.(ts|md)$/.test(path) && path !== "scripts/offline/ghpo";
    return {
      path: path === "scripts/offline/ghpo" ? "ghpo" : path,
      ...(spelled ? { bytes: Buffer.from(spelledForBundle(readFileSync(source, "utf8"))) } : { source }),
      mode: path === "scripts/offline/ghpo" ? 0o755 : 0o644,
    };
  });
}

/** @returns {Entry[]} the packages that the project runs with, and of Dawn the library for this platform */
export function dependencyFiles() {
  const wanted = new Set();
  const visit = (name) => {
    const manifest = readJson(join(ROOT, "node_modules", name, "package.json"));
    if (wanted.has(name) || !manifest || name.startsWith("@types/")) return;
    wanted.add(name);
    Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).forEach(visit);
    // What a package wants its user to have is there, or is not needed.
    Object.keys(manifest.peerDependencies ?? {}).filter((peer) => peer !== "typescript").forEach(visit);
  };
  Object.keys(readJson(join(ROOT, "package.json")).dependencies).forEach(visit);
  const platform = `webgpu/dist/${process.platform}-${process.arch}/`;
  return [...wanted].sort().flatMap((name) =>
    below(join(ROOT, "node_modules", name)).map((path) => `${name}/${path}`)
      .filter((path) => LICENCE.test(basename(path)) || !NOT_NEEDED.test(path))
      .filter((path) => !/^webgpu\/(build|dist)\//.test(path) || path.startsWith(platform))
      .map((path) => ({
        path: `node_modules/${path}`,
        source: join(ROOT, "node_modules", path),
        mode: 0o644,
      }))
  );
}

/** @returns {Entry[]} Bun, which runs the trainer and the evaluator */
export function runtimeFiles() {
  return [{ path: "runtime/bun", source: TOOLS.bun, mode: 0o755 }];
}

/** @returns {Entry[]} SwiftShader: three times slower than lavapipe, but it needs nothing of the machine but libc */
export function driverFiles() {
  return below(join(CACHE, "swiftshader")).map((path) => ({
    path: `.cache/swiftshader/${path}`,
    source: join(CACHE, "swiftshader", path),
    mode: 0o644,
  }));
}

/** Libraries that every Linux with glibc has, in the version that goes with its loader. */
const GLIBC = /^(libc|libm|libdl|libpthread|librt|libresolv|libutil|ld-linux-x86-64|ld-linux-aarch64)\.so/;
const HYDRA = ["mpiexec.hydra", "hydra_pmi_proxy"];

/**
 * MPICH's launcher and library, with whatever they need beyond glibc.
 * @param {string} root where Debian's packages were unpacked
 * @returns {Promise<Entry[]>}
 */
export async function mpiFiles(root) {
  const all = below(root);
  const library = all.find((path) => /\/libmpich\.so\.12$/.test(path));
  const libraries = join(root, library, "..");
  const programs = HYDRA.map((name) => join(root, "usr", "bin", name));
  const needed = new Map([[basename(library), join(root, library)]]);
  const env = { ...process.env, LD_LIBRARY_PATH: [libraries, join(libraries, "../../../lib")].join(":") };
  for (const file of [...programs, join(root, library)]) {
    const { stdout } = await capture("ldd", [file], { env });
    for (const [, name, source] of stdout.matchAll(/^\s*(\S+) => (\/\S+)/gm)) {
      if (!GLIBC.test(name)) needed.set(name, source);
    }
  }
  // Transports that UCX loads by name.
  const loaded = all.filter((path) => /\/ucx\/[^/]+\.so\.0$/.test(path));
  const folder = relative(root, libraries);
  return [
    ...programs.map((source) => ({
      path: `.cache/mpich/usr/bin/${basename(source)}`,
      source,
      mode: 0o755,
    })),
    ...[...needed].map(([name, source]) => ({ path: `.cache/mpich/${folder}/${name}`, source, mode: 0o644 })),
    ...loaded.map((path) => ({ path: `.cache/mpich/${path}`, source: join(root, path), mode: 0o644 })),
  ].map((entry) => ({ ...entry, source: realpathSync(entry.source) }));
}

/** @returns {Entry[]} a model's directory, as models/NAME */
export function modelFiles(folder) {
  if (!existsSync(join(folder, "config.json"))) {
    throw new Error(`Cannot pack the model ${folder} as it has no config.json`);
  }
  const name = basename(realpathSync(folder));
  return readdirSync(folder).filter((file) => statSync(join(folder, file)).isFile()).map((file) => ({
    path: `models/${name}/${file}`,
    source: realpathSync(join(folder, file)),
    mode: 0o644,
  }));
}

/** Files under a folder, links to files included, sorted. */
function below(folder) {
  return readdirSync(folder, { recursive: true }).map(String)
    .filter((path) => statSync(join(folder, path), { throwIfNoEntry: false })?.isFile())
    .map((path) => path.replaceAll("\\", "/")).sort();
}
