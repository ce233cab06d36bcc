// One process at a time in a run directory. The lock is the kernel's own, held on a file through SQLite: it ends with
// the process however that dies, and no clock and no process number decides. owner.json only tells people who.

import { Database } from "bun:sqlite";
import { closeSync, existsSync, openSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { fileError, makeDirectory, readJson } from "#shared/io/files.ts";
import { parse } from "#shared/schemas/parse.ts";
import { count, name, timestamp } from "#shared/schemas/values.ts";

const OwnerSchema = v.strictObject({ pid: count, host: name, since: timestamp });
export type Owner = v.InferOutput<typeof OwnerSchema>;

const LOCK = "run.lock";
const OWNER = "owner.json";
/** How long another reader's look at the lock is waited for, ms. */
const PATIENCE_MS = 500;

/**
 * Takes the lock of a run directory until it is disposed of.
 * @throws Error that names the owner when another process has it.
 */
export function lockRun(run: string): Disposable {
  const path = join(run, LOCK);
  let database: Database | undefined;
  makeDirectory(run);
  try {
    closeSync(openSync(path, "a")); // says why it cannot be written, which SQLite does not
    database = new Database(path);
    database.run(`PRAGMA busy_timeout = ${PATIENCE_MS}`);
    database.run("BEGIN EXCLUSIVE");
  } catch (cause) {
    database?.close();
    if (!isBusy(cause)) throw fileError("write", path, cause);
    const owner = readOwner(run);
    const who = owner === null
      ? "another process"
      : `process ${owner.pid} on ${owner.host}, since ${owner.since},`;
    throw new Error(`Cannot use ${run} as ${who} is running it: stop that one first`, { cause });
  }
  const owner = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
  writeFileAtomic(join(run, OWNER), JSON.stringify(owner) + "\n");
  return { [Symbol.dispose]: () => database.close() };
}

/** The process that runs a run, or null when none does. */
export function runningOwner(run: string): Owner | null {
  const path = join(run, LOCK);
  if (!existsSync(path)) return null;
  let database: Database | undefined;
  try {
    database = new Database(path, { readonly: true });
    database.query("SELECT 1 FROM sqlite_master").all();
    return null;
  } catch (error) {
    return isBusy(error) ? readOwner(run) : null;
  } finally {
    database?.close();
  }
}

/** Who had the lock last. */
function readOwner(run: string): Owner | null {
  try {
    return parse(OwnerSchema, readJson(join(run, OWNER)), OWNER);
  } catch {
    return null;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "SQLITE_BUSY";
}
