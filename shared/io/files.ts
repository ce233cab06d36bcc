// Files and directories with errors of one sentence instead of the runtimes' own, which differ.

import { messageOf } from "#shared/text/format.ts";
import { mkdirSync, readFileSync, rmdirSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** The error code of a failed file operation ("ENOENT"), or undefined. */
export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

const REASONS: Record<string, string> = {
  ENOENT: "it does not exist",
  EEXIST: "it is a file already",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of its path is not a directory",
  EACCES: "its permissions forbid it",
  EPERM: "its permissions forbid it",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file would be too large",
};

/** A failed operation on a path as one sentence: "Cannot write x.json as the disk is full". */
export function fileError(action: "read" | "write", path: string, cause: unknown): Error {
  const code = errorCode(cause) ?? "";
  const reason = action === "write" && code === "ENOENT" ? "its folder does not exist" : REASONS[code];
  const detail = reason === undefined ? `: ${messageOf(cause)}` : ` as ${reason}`;
  return new Error(`Cannot ${action} ${path}${detail}`, { cause });
}

/**
 * Makes a directory and those above it; one that is there already is fine.
 * @returns the first that was made, if any
 */
export function makeDirectory(path: string): string | undefined {
  try {
    return mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw fileError("write", path, cause);
  }
}

/**
 * Makes the directory of a file that is written later, after work that would be lost.
 * @throws Error where that cannot be made, or the file's name is a directory's
 */
export function prepareToWrite(path: string): void {
  makeDirectory(dirname(path));
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(`Cannot write ${path} as ${REASONS["EISDIR"]}`);
  }
}

/** Removes a directory and those above it up to `top`, as far as they are empty. Both are absolute. */
export function removeEmpty(path: string, top: string): void {
  for (let at = path; at.startsWith(top); at = dirname(at)) {
    try {
      rmdirSync(at);
    } catch {
      return; // something else is in it
    }
  }
}

/** Removes a file, or a directory with all that is in it. */
export function remove(path: string): void {
  try {
    rmSync(path, { recursive: true });
  } catch (cause) {
    throw fileError("write", path, cause);
  }
}

export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw fileError("read", path, cause);
  }
}

export function readJson(path: string): unknown {
  const text = readText(path);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${path} as it is not valid JSON: ${messageOf(cause)}`, { cause });
  }
}
