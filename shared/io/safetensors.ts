// One safetensors file: u64 header length, JSON header, then the tensors' little-endian bytes without gaps
// (https://github.com/huggingface/safetensors, "Format"). The header is checked as a whole when the file is opened;
// tensors are read one by one, converted to f32.

import { closeSync, fstatSync } from "node:fs";
import * as v from "valibot";
import { parse } from "#shared/schemas/parse.ts";
import { count } from "#shared/schemas/values.ts";
import { bf16ToF32, f16ToF32 } from "./half.ts";
import { openFile, orClose, readBytes, type Rows, tensorNamed } from "./tensor_file.ts";

/** A longer header is an attack or a broken file: the largest real ones have a few hundred kilobytes. */
const MAX_HEADER_BYTES = 25_000_000;

/** Bytes of an element of each type that the format knows in whole bytes. */
export const ELEMENT_BYTES: Record<string, number> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
};

const TensorSchema = v.object({
  dtype: v.string(),
  shape: v.array(count),
  data_offsets: v.strictTuple([count, count]),
});

export interface TensorInfo {
  dtype: string;
  shape: readonly number[];
  /** Bytes from the start of the file. */
  start: number;
  end: number;
}

/** An open file. Close it when done. */
export class SafetensorsFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #file: number;

  /** Opens a file and checks its header. Throws one sentence for anything that is wrong with it. */
  constructor(path: string) {
    this.path = path;
    this.#file = openFile(path);
    ({ tensors: this.tensors, metadata: this.metadata } = orClose(this.#file, () => this.#header()));
  }

  /**
   * One tensor as f32, row by row.
   *
   * @param shape What the shape must be; anything is accepted without it.
   * @param rows Only these rows, for tensors that are better not held as a whole.
   */
  read(name: string, shape?: readonly number[], rows?: Rows): Float32Array<ArrayBuffer> {
    const info = tensorNamed(this, name, shape);
    const bytes = this.#bytes(...byteRange(info, rows));
    switch (info.dtype) {
      case "F32":
        return new Float32Array(bytes.buffer);
      case "BF16":
        return bf16ToF32(new Uint16Array(bytes.buffer));
      case "F16":
        return f16ToF32(new Uint16Array(bytes.buffer));
      default:
        throw unreadable(this.path, name, info.dtype);
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #header(): Pick<SafetensorsFile, "tensors" | "metadata"> {
    const size = fstatSync(this.#file).size;
    if (size < 8) throw this.#fault(`it must have at least 8 bytes: current size is ${size}`);
    const length = Number(new DataView(this.#bytes(0, 8).buffer).getBigUint64(0, true));
    if (length > MAX_HEADER_BYTES) {
      throw this.#fault(
        `its header must have at most ${MAX_HEADER_BYTES} bytes: current length is ${length}`,
      );
    }
    const dataStart = 8 + length;
    if (dataStart > size) throw this.#truncated(dataStart, size);
    const { __metadata__: metadata = {}, ...entries } = this.#json(this.#bytes(8, dataStart));
    const tensors = new Map<string, TensorInfo>();
    for (const [name, entry] of Object.entries(entries)) {
      const { dtype, shape, data_offsets: [begin, end] } = parse(
        TensorSchema,
        entry,
        `${this.path}, tensor ${name},`,
      );
      const bytes = ELEMENT_BYTES[dtype];
      if (bytes === undefined) throw this.#fault(`tensor ${name} has the unknown type ${dtype}`);
      const expected = shape.reduce((product, n) => product * n, bytes);
      if (end - begin !== expected) {
        throw this.#fault(
          `tensor ${name} of shape [${shape.join(", ")}] must have ${expected} bytes: ` +
            `current length is ${end - begin}`,
        );
      }
      tensors.set(name, { dtype, shape, start: dataStart + begin, end: dataStart + end });
    }
    this.#checkLayout(tensors, dataStart, size);
    return {
      tensors,
      metadata: parse(v.record(v.string(), v.string()), metadata, `${this.path}, __metadata__,`),
    };
  }

  /** The tensors must fill the rest of the file without overlap and without gaps. */
  #checkLayout(tensors: ReadonlyMap<string, TensorInfo>, dataStart: number, size: number): void {
    let end = dataStart;
    let before = "the header";
    for (const [name, info] of [...tensors].sort(([, a], [, b]) => a.start - b.start || a.end - b.end)) {
      if (info.start < end) throw this.#fault(`tensor ${name} overlaps ${before}`);
      if (info.start > end) {
        throw this.#fault(`there are ${info.start - end} unused bytes before tensor ${name}`);
      }
      [end, before] = [info.end, `tensor ${name}`];
    }
    if (end > size) throw this.#truncated(end, size);
    if (end < size) throw this.#fault(`there are ${size - end} unused bytes at its end`);
  }

  #json(bytes: Uint8Array): Record<string, unknown> {
    try {
      const header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
      return parse(v.record(v.string(), v.unknown()), header, "the header");
    } catch (cause) {
      throw new SyntaxError(`Cannot load ${this.path} as its header is not a JSON object`, { cause });
    }
  }

  #bytes(start: number, end: number): Uint8Array<ArrayBuffer> {
    return readBytes(this.#file, start, end, (size) => this.#truncated(end, size));
  }

  #truncated(needed: number, size: number): Error {
    return this.#fault(`it is truncated: it must have ${needed} bytes, current size is ${size}`);
  }

  #fault(reason: string): Error {
    return new Error(`Cannot load ${this.path} as ${reason}`);
  }
}

function byteRange({ shape, start, end }: TensorInfo, rows?: Rows): [start: number, end: number] {
  if (rows === undefined) return [start, end];
  const { first, count } = rows;
  const total = shape[0] ?? 1;
  if (first < 0 || count < 0 || first + count > total) {
    throw new RangeError(`Cannot read rows ${first} to ${first + count} as the tensor has ${total} rows`);
  }
  const bytes = (end - start) / total;
  return [start + first * bytes, start + (first + count) * bytes];
}

/** Throws for a tensor of a type that `read` does not convert. */
export function requireReadable(path: string, name: string, dtype: string): void {
  if (!["F32", "F16", "BF16"].includes(dtype)) throw unreadable(path, name, dtype);
}

function unreadable(path: string, name: string, dtype: string): TypeError {
  return new TypeError(
    `Cannot load ${path} as tensor ${name} must be of type F32, F16 or BF16: current type is ${dtype}`,
  );
}
