// A Vulkan driver that computes right, without touching the system.
//
// It comes from the first rung that holds: `system` (a GPU or a software driver that already answers),
// `apt` (Mesa's lavapipe unpacked from the machine's own Debian or Ubuntu archive), `npm` (SwiftShader and
// the Vulkan loader inside an npm package). GHPO_HIDE=system,apt skips rungs; VK_DRIVER_FILES chooses among
// the system's drivers, as with every Vulkan program.

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join, relative } from "node:path";
import { unpackPackages } from "./apt.mjs";
import { readTarBr } from "./archives.mjs";
import { CACHE, hash, locked, OFFLINE, readJson, requireNetwork, ROOT, writeJson } from "./cache.mjs";
import { capture, say } from "./process.mjs";
import { childEnvironment, npmFiles, TOOLS } from "./tools.mjs";

const SWIFTSHADER = {
  package: "@sparticuz/chromium@153.0.0",
  file: "package/bin/swiftshader.tar.br",
  sha256: "b680e40a33235ecc6ad4c6897a168b70ce5164f0d62d2a64d675320d51614631",
};
const RUNGS = { system, apt, npm: swiftShader };

/**
 * A Vulkan driver that computes right, from the first rung that holds.
 * @returns {Promise<{ rung?: string, adapter?: object, env: Record<string, string>, missing?: string }>}
 *   `missing` is the sentence to show when no rung holds
 */
export async function ensureVulkan({ hide = process.env.GHPO_HIDE ?? "" } = {}) {
  const hidden = hide.split(",").filter(Boolean);
  const unknown = hidden.find((rung) => !(rung in RUNGS));
  if (unknown) {
    throw new RangeError(
      `Cannot read GHPO_HIDE as "${unknown}" is no rung: use ${Object.keys(RUNGS).join(", ")}`,
    );
  }

  // What the answer depends on; a changed driver, graphics card or override asks again.
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, LD_LIBRARY_PATH } = process.env;
  const seen = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/dev/dri", "/dev/nvidia0"].map(modified);
  const key = hash(JSON.stringify([ROOT, hidden, VK_DRIVER_FILES, VK_ICD_FILENAMES, LD_LIBRARY_PATH, seen]));
  const stamp = join(CACHE, `driver-${key.slice(0, 12)}.json`);
  const known = () => {
    const driver = readJson(stamp);
    return driver && (driver.files ?? []).every(existsSync) ? driver : undefined;
  };
  return known() ?? await locked(async () => {
    if (known()) return known();
    const reasons = [];
    for (const rung of Object.keys(RUNGS).filter((each) => !hidden.includes(each))) {
      try {
        const { env, files } = await RUNGS[rung]();
        const adapter = await probe(env);
        const driver = { rung, adapter, env, files };
        if (rung !== "system") say(`using ${adapter.description || adapter.device}`);
        remember(stamp, driver);
        return driver;
      } catch (error) {
        reasons.push(`${rung}: ${error.message}`);
      }
    }
    return { env: {}, missing: missingDriver(reasons) };
  });
}

function remember(stamp, driver) {
  try {
    writeJson(stamp, driver);
  } catch (error) {
    if (!OFFLINE) throw error; // else it is asked for again next time
  }
}

function missingDriver(reasons) {
  const advice = {
    linux: "install Mesa's Vulkan drivers 25 or newer and the Vulkan loader with your package manager " +
      "(Debian, Ubuntu: mesa-vulkan-drivers libvulkan1; Fedora: mesa-vulkan-drivers vulkan-loader; " +
      "Arch: vulkan-swrast vulkan-icd-loader), or your graphics card's own driver",
    darwin: "run on a Mac with Metal",
    win32: "install your graphics card's Direct3D 12 driver",
  }[process.platform] ?? "use a system with a Vulkan, Metal or Direct3D 12 driver";
  return `Cannot find a usable GPU adapter: ${advice} (tried ${
    reasons.join("; ") || "nothing, all are hidden"
  })`;
}

function system() {
  return { env: {}, files: [] };
}

/** Mesa's lavapipe from the machine's own package archive. */
async function apt() {
  if (process.platform !== "linux") throw new Error("only on Debian and Ubuntu");
  const root = join(CACHE, "lavapipe");
  if (!existsSync(root)) {
    requireNetwork("Mesa's driver");
    say("unpacking Mesa's software Vulkan driver into .cache/lavapipe");
    await unpackPackages(["mesa-vulkan-drivers", "libvulkan1"], `${root}.new`);
    renameSync(`${root}.new`, root);
  }
  const manifests = join(root, "usr", "share", "vulkan", "icd.d");
  const manifest = readdirSync(manifests).find((name) => /^lvp_icd.*\.json$/.test(name));
  const libraries = librariesUnder(root);
  const driver = libraries.map((folder) => join(folder, "libvulkan_lvp.so")).find(existsSync);
  if (!manifest || !driver) throw new Error("the packages hold no lavapipe");
  // The packaged manifest names the system's copy; a path relative to the manifest survives a move.
  const icd = join(manifests, "ghpo_lavapipe.json");
  const text = readJson(join(manifests, manifest));
  text.ICD.library_path = relative(manifests, driver);
  writeJson(icd, text);
  return driverFiles(icd, libraries);
}

/** Folders with shared libraries in a tree of unpacked packages. */
export function librariesUnder(root) {
  return ["usr/lib", "lib"].flatMap((folder) => {
    const parent = join(root, folder);
    return existsSync(parent) ? [parent, ...readdirSync(parent).map((name) => join(parent, name))] : [];
  }).filter((folder) =>
    statSync(folder).isDirectory() && readdirSync(folder).some((name) => /\.so(\.|$)/.test(name))
  );
}

/** Chromium's SwiftShader from npm: about three times slower than lavapipe, but it needs nothing except libc. */
async function swiftShader() {
  if (process.platform !== "linux" || process.arch !== "x64") throw new Error("only on Linux for x86-64");
  const root = join(CACHE, "swiftshader");
  if (!existsSync(root)) {
    requireNetwork("SwiftShader");
    say(`unpacking SwiftShader from ${SWIFTSHADER.package} into .cache/swiftshader`);
    const packed = (await npmFiles(SWIFTSHADER.package)).get(SWIFTSHADER.file);
    if (!packed || hash(packed) !== SWIFTSHADER.sha256) {
      throw new Error(`${SWIFTSHADER.package} holds another ${SWIFTSHADER.file} than the pinned one`);
    }
    const work = `${root}.new`;
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work);
    for (const [name, bytes] of readTarBr(packed)) {
      if (/^(\.\/)?(libvk_swiftshader\.so|libvulkan\.so\.1|vk_swiftshader_icd\.json)$/.test(name)) {
        writeFileSync(join(work, name), bytes);
      }
    }
    renameSync(work, root);
  }
  return driverFiles(join(root, "vk_swiftshader_icd.json"), [root]);
}

function driverFiles(icd, libraries) {
  const inherited = process.env.LD_LIBRARY_PATH;
  const path = inherited ? [...libraries, inherited] : libraries;
  return { env: { VK_DRIVER_FILES: icd, LD_LIBRARY_PATH: path.join(delimiter) }, files: [icd, ...libraries] };
}

/** Opens the adapter in a child process, as a broken driver may take its process down. */
async function probe(env) {
  const script = join(ROOT, "scripts", "probe.mjs");
  const options = { cwd: ROOT, env: childEnvironment(env), timeout: 120_000 };
  const { code, stdout, stderr } = await capture(TOOLS.bun, [script], options);
  if (code === 0) return JSON.parse(stdout.trim().split("\n").at(-1));
  throw new Error(stderr.trim().split("\n").at(-1) || `the probe ended with code ${code}`);
}

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
