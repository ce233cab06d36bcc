// Writes an offline bundle: a tar, through xz where its name asks for that.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, createWriteStream, renameSync, rmSync, statSync } from "node:fs";
import { tarEnd, tarHeader, tarPadding } from "./archives.mjs";

/** The one folder in the archive. */
export const FOLDER = "ghpo-offline";
const MIB = 2 ** 20;
/** Nearly what 9e gives, in half the time. */
const PRESET = "preset=6,dict=64MiB";
const FILTERS = process.arch === "x64" ? ["--x86", `--lzma2=${PRESET}`] : [`--lzma2=${PRESET}`];

/**
 * Writes the archive; whatever goes wrong, or who stops it, nothing is left of an unfinished one.
 * @param {string} out
 * @param {Record<string, import("./pack_parts.mjs").Entry[]>} contents by the part's name
 * @returns {Promise<{ name: string, files: number, bytes: number, packed: number | null }[]>} a row a part
 */
export async function write(out, contents) {
  const unfinished = `${out}.${process.pid}.new`;
  const discard = () => rmSync(unfinished, { force: true });
  const onSignal = (signal) => {
    discard();
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, onSignal);
  const sizes = new Map(
    Object.values(contents).flat().map((
      entry,
    ) => [entry, entry.bytes?.length ?? statSync(entry.source).size]),
  );
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const sink = openSink(unfinished, out.endsWith(".xz"));
  try {
    const rows = [];
    const progress = showProgress(total);
    let before = 0;
    for (const [name, entries] of Object.entries(contents)) {
      let bytes = 0;
      for (const entry of entries) {
        const size = sizes.get(entry);
        await sink.write(tarHeader({ path: `${FOLDER}/${entry.path}`, size, mode: entry.mode }));
        if (entry.bytes) await sink.write(entry.bytes);
        else {
          for await (const chunk of createReadStream(entry.source, { highWaterMark: MIB })) {
            await sink.write(chunk);
            progress(chunk.length);
          }
        }
        await sink.write(tarPadding(size));
        bytes += size;
      }
      rows.push({ name, files: entries.length, bytes, packed: sink.packed() });
    }
    await sink.write(tarEnd());
    await sink.end();
    progress(0, true);
    // What a part takes is read off the output when its last byte has gone in; the compressor holds the rest.
    rows.at(-1).packed = sink.packed();
    for (const row of rows) if (row.packed !== null) [row.packed, before] = [row.packed - before, row.packed];
    renameSync(unfinished, out);
    return rows;
  } finally {
    sink.close();
    discard();
    for (const signal of ["SIGINT", "SIGTERM"]) process.off(signal, onSignal);
  }
}

/** The file itself, or xz before it. */
function openSink(path, compress) {
  const file = createWriteStream(path);
  const xz = compress ? spawn("xz", [...FILTERS, "--stdout"], { stdio: ["pipe", "pipe", "inherit"] }) : null;
  const failure = new Promise((_, failed) => {
    file.on("error", ({ message }) => failed(new Error(`Cannot write ${path} as ${message}`)));
    xz?.on(
      "error",
      () => failed(new Error("Cannot pack as xz must be on the PATH: install it, or write a .tar")),
    );
    xz?.on("close", (code) => {
      if (code !== 0) failed(new Error(`Cannot pack as xz must end with code 0: current code is ${code}`));
    });
  });
  failure.catch(() => {}); // whoever writes hears of it
  xz?.stdin.on("error", () => {}); // xz has ended, and its code says why
  xz?.stdout.pipe(file);
  const into = xz?.stdin ?? file;
  return {
    async write(bytes) {
      if (!into.write(bytes)) await Promise.race([once(into, "drain"), failure]);
    },
    async end() {
      into.end();
      await Promise.race([once(file, "finish"), failure]);
    },
    packed: () => xz ? file.bytesWritten : null,
    close: () => xz?.kill("SIGKILL"),
  };
}

function showProgress(total) {
  const began = performance.now();
  let [done, shown] = [0, began];
  return (bytes, last = false) => {
    done += bytes;
    const now = performance.now();
    const { isTTY } = process.stderr;
    if (!last && now - shown < (isTTY ? 200 : 10_000)) return;
    shown = now;
    const left = (now - began) / 1000 * (total - done) / Math.max(done, 1);
    const line = last ? "packed" : `packing ${mib(done)} of ${mib(total)}, ${Math.ceil(left)} s left`;
    process.stderr.write(isTTY ? `\r${line}\x1b[K${last ? "\n" : ""}` : `${line}\n`);
  };
}

export function mib(bytes) {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
