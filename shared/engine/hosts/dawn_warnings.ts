// Dawn prints two lines, past any setting, for each driver that offers more dynamic buffers than it uses: lavapipe and
// AMD's among them. They mean nothing and would be the first lines of every command, so exactly they are taken out of
// what is written to standard error while Dawn looks for adapters. Under Bun on Linux; elsewhere nothing is done.

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const KNOWN =
  /^Warning: maxDynamic(Uniform|Storage)BuffersPerPipelineLayout artificially reduced from \d+ to 16 to fit dynamic offset allocation limit\.\n/gm;
const STDERR = 2;

/** The C library's functions on file descriptors. */
interface Descriptors {
  dup(file: number): number;
  dup2(from: number, to: number): number;
}

/** Calls a function and passes on what it writes to standard error meanwhile, also from native code, but those lines. */
export function withoutKnownWarnings(call: () => void): void {
  const descriptors = cLibrary();
  if (descriptors === null) return call();
  const folder = temporaryFolder();
  if (folder === null) return call();
  const path = join(folder, "lines");
  const file = openSync(path, "a");
  const own = descriptors.dup(STDERR);
  descriptors.dup2(file, STDERR);
  try {
    call();
  } finally {
    descriptors.dup2(own, STDERR);
    closeSync(own);
    closeSync(file);
    const rest = readFileSync(path, "utf8").replace(KNOWN, "");
    rmSync(folder, { recursive: true });
    if (rest !== "") process.stderr.write(rest);
  }
}

function temporaryFolder(): string | null {
  try {
    return mkdtempSync(join(tmpdir(), "ghpo-stderr-"));
  } catch {
    return null; // nowhere to write
  }
}

function cLibrary(): Descriptors | null {
  if (process.platform !== "linux" || process.versions["bun"] === undefined) return null;
  const { dlopen } = process.getBuiltinModule("bun:ffi") as unknown as {
    dlopen(
      name: string,
      functions: Record<string, { args: string[]; returns: string }>,
    ): { symbols: unknown };
  };
  try {
    const int = "int";
    return dlopen("libc.so.6", {
      dup: { args: [int], returns: int },
      dup2: { args: [int, int], returns: int },
    }).symbols as Descriptors;
  } catch {
    return null; // another C library
  }
}
