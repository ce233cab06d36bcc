// `download`: fetches the files of published benchmarks from their public homes to the user's disk. Nothing
// is redistributed; each licence is shown first, and a file with another digest is refused.

import { messageOf } from "#shared/text/format.ts";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { makeDirectory } from "#shared/io/files.ts";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { sha256 } from "#shared/io/hash.ts";
import type { Benchmark, DataFile } from "#shared/tasks/benchmark.ts";
import { benchmarks } from "#shared/tasks/index.ts";

/** Runs the command for comma-separated names. */
export async function download(names: string, options: { data: string }): Promise<void> {
  const wanted = names.split(",").map((name) => name.trim());
  const chosen: Benchmark[] = wanted.map((name) => {
    const found = benchmarks.find((benchmark) => benchmark.name === name);
    if (found) return found;
    throw new RangeError(
      `Cannot download ${name} as it must be one of ${
        benchmarks.map((benchmark) => benchmark.name).join(", ")
      }`,
    );
  });
  makeDirectory(options.data);
  for (const { title, file } of chosen) {
    const path = join(options.data, file.name);
    if (existsSync(path)) {
      console.error(`${path} is already there`);
      continue;
    }
    console.error(`${title}: ${file.licence}`);
    writeFileAtomic(path, await fetchFile(file));
    console.error(`Wrote ${path}`);
  }
}

/** The bytes of a benchmark's file. Throws when it is gated, unreachable or not the known one. */
export async function fetchFile({ name, url, sha256: expected }: DataFile): Promise<Uint8Array> {
  if (expected === null) throw new Error(`Cannot download ${name} as it is gated: ask for access at ${url}`);
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    const reason = messageOf(cause);
    throw new Error(`Cannot download ${name} from ${url}: ${reason}`, { cause });
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`Cannot download ${name} as ${url} answers ${response.status}`);
  }
  const bytes = await response.bytes();
  const found = sha256(bytes);
  if (found !== expected) {
    throw new Error(`Cannot use ${url} as its SHA-256 must be ${expected}: current digest is ${found}`);
  }
  return bytes;
}
