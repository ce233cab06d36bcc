// The .cache folder: where it is, who may change it, and the small JSON files that say what is done.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { say } from "./process.mjs";

/** The repository root. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");
export const CACHE = join(ROOT, ".cache");
/** Whether this is an unpacked offline bundle (pack.mjs): all that can be had is there, and its folder may be read-only. */
export const OFFLINE = existsSync(join(ROOT, "offline.json"));

/** @throws Error in an offline bundle */
export function requireNetwork(what) {
  if (OFFLINE) throw new Error(`Cannot fetch ${what} as an offline bundle must have it: pack one that does`);
}

/** One process at a time changes .cache; a lock whose owner died is taken over. */
export async function locked(work) {
  if (OFFLINE) return await work();
  mkdirSync(CACHE, { recursive: true });
  if (locked.held) return await work();
  const lock = join(CACHE, "setup.lock");
  for (let waited = 0;; waited++) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      const owner = Number(read(lock));
      if (owner && !alive(owner)) rmSync(lock, { force: true });
      if (waited === 10) say(`waiting for process ${owner}, which is setting up too`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  locked.held = true;
  try {
    return await work();
  } finally {
    locked.held = false;
    rmSync(lock, { force: true });
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** SHA-256 in hexadecimal. */
export function hash(data) {
  return createHash("sha256").update(data).digest("hex");
}

/** A text file, or "" where there is none. */
export function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** A JSON file, or undefined where there is none to read. */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** Replaces a JSON file in one step. */
export function writeJson(path, value) {
  writeFileSync(`${path}.new`, JSON.stringify(value, null, 2) + "\n");
  renameSync(`${path}.new`, path);
}
