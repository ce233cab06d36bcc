#!/usr/bin/env bash
# hyparquet-compressors 1.1.2: a Parquet column of nulls alone that is written with LZ4 (pyarrow 26.0.1, LZ4_RAW) cannot be
# read. The page has no bytes, LZ4 makes one byte of them (a token of no literals), and the decompressor looks for a
# match offset behind it. With Snappy, gzip, Zstandard and Brotli the same column is read.
#
# Seen: "lz4 offset out of range 0" for lz4, [null,null] for the others.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check pyarrow==26.0.1
npm install --silent --no-fund --no-audit hyparquet@1.31.5 hyparquet-compressors@1.1.2

cat > write.py <<'PY'
import pyarrow as pa
import pyarrow.parquet as pq

table = pa.table({"x": pa.array([None, None], pa.float64())})
for codec in ["lz4", "snappy", "gzip", "zstd", "brotli"]:
    pq.write_table(table, f"{codec}.parquet", compression=codec)
    print(codec, pq.read_table(f"{codec}.parquet")["x"].to_pylist())
PY
python/bin/python write.py

cat > read.mjs <<'JS'
import { readFileSync } from "node:fs";
import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";

for (const codec of ["lz4", "snappy", "gzip", "zstd", "brotli"]) {
  const file = new Uint8Array(readFileSync(`${codec}.parquet`)).buffer;
  const seen = await parquetReadObjects({ file, compressors }).then(
    (rows) => JSON.stringify(rows.map(({ x }) => x ?? null)),
    (error) => error.message,
  );
  console.log(codec, seen);
}
JS
node read.mjs | tee seen.txt
grep -q '^lz4 lz4 offset out of range 0$' seen.txt
test "$(grep -c '\[null,null\]$' seen.txt)" = 4
