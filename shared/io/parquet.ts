// The rows of a Parquet file (hyparquet), which reads uncompressed and Snappy pages itself; the runtimes' own zlib
// does gzip and Zstandard.

import { readFileSync } from "node:fs";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { parquetReadObjects } from "hyparquet";
import { fileError } from "./files.ts";

/** All rows, numbered from 1. Throws one sentence for a file that is not Parquet or is damaged. */
export async function readParquet(path: string): Promise<{ line: number; value: unknown }[]> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw fileError("read", path, cause);
  }
  const file = bytes.slice().buffer;
  const compressors = {
    GZIP: (page: Uint8Array) => new Uint8Array(gunzipSync(page)),
    ZSTD: (page: Uint8Array) => new Uint8Array(zstdDecompressSync(page)),
  };
  try {
    const rows = await parquetReadObjects({ file, compressors });
    return rows.map((value, i) => ({ line: i + 1, value }));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SyntaxError(`Cannot read ${path} as it is not a readable Parquet file: ${reason}`, { cause });
  }
}
