// The rows of a Parquet file (hyparquet with the pages' codecs of hyparquet-compressors), a row group after another.
// Numbers are what the file says: hyparquet 1.31.5 makes a double of a DECIMAL and widens a FLOAT, so that 3.30 becomes
// 3.3000000000000003 and 0.1 becomes 0.10000000149011612. Here decimals are read unscaled and written with their places,
// and floats are the shortest decimal that is the same float.

import { messageOf } from "#shared/text/format.ts";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type SchemaElement,
  type SchemaTree,
} from "hyparquet";
import { compressors as codecs } from "hyparquet-compressors";
import { Numeral, parseExact } from "#shared/problems/readers/exact_json.ts";
import type { Row } from "#shared/problems/readers/rows.ts";
import { fileError } from "./files.ts";
import { f16ToF32, f32ToF16 } from "./half.ts";

// hyparquet-compressors 1.1.2 fails on the one byte that LZ4 makes of nothing, as in a page of nulls alone.
const compressors = Object.fromEntries(
  Object.entries(codecs).map(([name, decompress]) => [
    name,
    (page: Uint8Array, length: number) => length === 0 ? new Uint8Array() : decompress(page, length),
  ]),
);

/** All rows, numbered from 1. Throws SyntaxError of one sentence for a file that is not Parquet or is damaged. */
export async function* parquetRows(path: string): AsyncGenerator<Row> {
  const file = openFile(path);
  try {
    const metadata = await parquetMetadataAsync(file.buffer);
    const decimals = withoutDecimals(metadata);
    const tree = parquetSchema(metadata);
    let line = 1;
    for (const group of metadata.row_groups) {
      const rowStart = line - 1;
      const rowEnd = rowStart + Number(group.num_rows);
      const rows = await parquetReadObjects({
        file: file.buffer,
        metadata,
        rowStart,
        rowEnd,
        compressors,
        utf8: false,
        parsers: { stringFromBytes: text, jsonFromBytes: (bytes) => bytes && parseExact(text(bytes)!) },
      });
      for (const row of rows) yield { line: line++, value: exact(row, tree, decimals) };
    }
  } catch (cause) {
    const reason = messageOf(cause);
    throw new SyntaxError(`Cannot read ${path} as it is not a readable Parquet file: ${reason}`, { cause });
  } finally {
    file.close();
  }
}

function openFile(path: string): { buffer: AsyncBuffer; close(): void } {
  try {
    const file = openSync(path, "r");
    const slice = (start: number, end = byteLength) => {
      const bytes = new Uint8Array(end - start);
      for (let done = 0; done < bytes.length;) {
        const size = readSync(file, bytes, done, bytes.length - done, start + done);
        if (size === 0) throw new Error("it ends too early");
        done += size;
      }
      return bytes.buffer;
    };
    const byteLength = fstatSync(file).size;
    return { buffer: { byteLength, slice }, close: () => closeSync(file) };
  } catch (cause) {
    throw fileError("read", path, cause);
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes && utf8.decode(bytes);
}

/** Some writers do not say that their texts are texts. */
function textOrBytes(bytes: Uint8Array): string | Uint8Array {
  try {
    return utf8.decode(bytes);
  } catch {
    return bytes;
  }
}

type Decimals = ReadonlyMap<SchemaElement, number>;

/** Makes decimals plain integers and bytes for hyparquet, and returns their scales. */
function withoutDecimals(metadata: FileMetaData): Decimals {
  const scales = new Map<SchemaElement, number>();
  for (const element of metadata.schema) {
    const { logical_type: logical } = element;
    if (element.converted_type !== "DECIMAL" && logical?.type !== "DECIMAL") continue;
    scales.set(element, logical?.type === "DECIMAL" ? logical.scale : element.scale ?? 0);
    delete element.converted_type;
    delete element.logical_type;
  }
  return scales;
}

/** A value as the schema's leaf says it; lists and structures are gone through. */
function exact(value: unknown, node: SchemaTree, decimals: Decimals): unknown {
  if (value === null || value === undefined) return value;
  const { element, children } = node;
  if (Array.isArray(value)) {
    const item = element.converted_type === "LIST" ? children[0]?.children[0] ?? children[0] : undefined;
    return value.map((each) => exact(each, item ?? node, decimals));
  }
  if (children.length > 0) {
    if (typeof value !== "object" || element.converted_type === "MAP") return value;
    const known = new Map(children.map((child) => [child.element.name, child]));
    return Object.fromEntries(
      Object.entries(value).map(([key, part]) => {
        const child = known.get(key);
        return [key, child === undefined ? part : exact(part, child, decimals)];
      }),
    );
  }
  const scale = decimals.get(element);
  if (scale !== undefined) return new Numeral(decimalText(unscaled(value), scale));
  if (value instanceof Uint8Array) return element.type === "BYTE_ARRAY" ? textOrBytes(value) : value;
  if (typeof value !== "number") return value;
  if (element.type === "FLOAT") return shortest(value, 9, Math.fround);
  if (element.logical_type?.type === "FLOAT16") {
    return shortest(value, 5, (number) => f16ToF32(f32ToF16(new Float32Array([number])))[0]!);
  }
  return value;
}

/** The big-endian two's complement integer of a decimal. */
function unscaled(value: unknown): bigint {
  if (!(value instanceof Uint8Array)) return BigInt(value as number | bigint);
  let integer = 0n;
  for (const byte of value) integer = integer * 256n + BigInt(byte);
  return BigInt.asIntN(value.length * 8, integer);
}

function decimalText(integer: bigint, scale: number): string {
  if (scale === 0) return String(integer);
  const digits = String(integer < 0n ? -integer : integer).padStart(scale + 1, "0");
  return `${integer < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** The number with the fewest digits that narrows to the same float. */
function shortest(value: number, digits: number, narrow: (number: number) => number): number {
  if (!Number.isFinite(value) || Number.isInteger(value)) return value;
  for (let precision = 1; precision < digits; precision++) {
    const candidate = Number(value.toPrecision(precision));
    if (narrow(candidate) === value) return candidate;
  }
  return Number(value.toPrecision(digits));
}
