// What the evaluator uses of Deno, for Bun: an offline bundle has one runtime, as two would double its size. Loaded
// before the evaluator's main.ts; a test compares this with what the evaluator's sources name.

import { dlopen, FFIType } from "bun:ffi";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const EXCLUSIVE_AT_ONCE = 2 | 4; // LOCK_EX | LOCK_NB

class FsFile {
  #fd;
  #at = 0;

  constructor(path, { read = false, write = false, create = false, truncate = false }) {
    const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_TRUNC } = fs.constants;
    const access = write ? read ? O_RDWR : O_WRONLY : O_RDONLY;
    this.#fd = fs.openSync(path, access | (create ? O_CREAT : 0) | (truncate ? O_TRUNC : 0));
  }

  /** The kernel's lock, which ends with the file. */
  tryLockSync() {
    const { symbols } = dlopen("libc.so.6", {
      flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    });
    return symbols.flock(this.#fd, EXCLUSIVE_AT_ONCE) === 0;
  }

  seekSync(offset) {
    return this.#at = offset;
  }

  /** null at the end of the file. */
  readSync(buffer) {
    const count = fs.readSync(this.#fd, buffer, 0, buffer.length, this.#at);
    this.#at += count;
    return count === 0 && buffer.length > 0 ? null : count;
  }

  writeSync(bytes) {
    const count = fs.writeSync(this.#fd, bytes, 0, bytes.length, this.#at);
    this.#at += count;
    return count;
  }

  truncateSync(length = 0) {
    fs.ftruncateSync(this.#fd, length);
  }

  syncSync() {
    fs.fsyncSync(this.#fd);
  }

  syncDataSync() {
    fs.fdatasyncSync(this.#fd);
  }

  close() {
    fs.closeSync(this.#fd);
  }
}

globalThis.Deno = {
  FsFile,
  SeekMode: { Start: 0 },
  pid: process.pid,
  env: { get: (name) => process.env[name] },
  stderr: {
    isTerminal: () => process.stderr.isTTY === true,
    writeSync: (bytes) => fs.writeSync(2, bytes),
  },
  exit: (code) => process.exit(code),
  openSync: (path, options) => new FsFile(path, options),
  mkdirSync: fs.mkdirSync,
  removeSync: (path) => fs.rmSync(path),
  makeTempFileSync({ suffix }) {
    const path = join(tmpdir(), `ghpo-${crypto.randomUUID()}${suffix}`);
    fs.closeSync(fs.openSync(path, "wx", 0o600));
    return path;
  },
  addSignalListener: (signal, listener) => process.on(signal, listener),
  removeSignalListener: (signal, listener) => process.off(signal, listener),
};
