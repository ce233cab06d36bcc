#!/usr/bin/env bash
# hyparquet 1.31.5 reads a DECIMAL as a double: the unscaled integer becomes a number and is multiplied by 10 ** -scale,
# so 3.30 is 3.3000000000000003, and digits past the sixteenth are lost without a word. A FLOAT is widened, so 0.1 is
# 0.10000000149011612. The same values as text or INT64 come out as written (INT64 as BigInt). To have a decimal exactly,
# take its converted_type and logical_type off the schema of the metadata before reading: the raw integers come out.
#
# Seen: 3.3000000000000003, 12345678901234567000, 0.10000000149011612; then 330 and 12345678901234567890123.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check pyarrow==26.0.1
npm install --silent --no-fund --no-audit hyparquet@1.31.5

cat > write.py <<'PY'
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

table = pa.table({
    "price": pa.array([Decimal("3.30")], pa.decimal128(5, 2)),
    "wide": pa.array([Decimal("12345678901234567890.123")], pa.decimal128(38, 3)),
    "float": pa.array([0.1], pa.float32()),
    "int64": pa.array([9007199254740993], pa.int64()),
})
pq.write_table(table, "x.parquet", compression="none", store_decimal_as_integer=True)
print(pq.read_table("x.parquet").to_pylist())
PY
python/bin/python write.py

cat > read.mjs <<'JS'
import { readFileSync } from "node:fs";
import { parquetMetadataAsync, parquetReadObjects } from "hyparquet";

const file = new Uint8Array(readFileSync("x.parquet")).buffer;
const [row] = await parquetReadObjects({ file });
for (const [name, value] of Object.entries(row)) console.log(name, typeof value, String(value));
const metadata = await parquetMetadataAsync(file);
for (const element of metadata.schema) {
  if (element.converted_type !== "DECIMAL") continue;
  delete element.converted_type;
  delete element.logical_type;
}
const [raw] = await parquetReadObjects({ file, metadata, utf8: false });
const integer = (bytes) => bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
console.log("raw price", String(raw.price), "raw wide", String(integer(raw.wide)));
JS
node read.mjs | tee seen.txt
grep -q '^price number 3.3000000000000003$' seen.txt
grep -q '^wide number 12345678901234567000$' seen.txt
grep -q '^float number 0.10000000149011612$' seen.txt
grep -q '^int64 bigint 9007199254740993$' seen.txt
grep -q '^raw price 330 raw wide 12345678901234567890123$' seen.txt
