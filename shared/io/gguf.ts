// One GGUF file (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), as llama.cpp and Ollama use it: metadata,
// tensor infos, then the tensors in blocks of 32 or 256 numbers, dequantised here row by row.

import { closeSync, existsSync, fstatSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { BLOCK_TYPES, dequantise, typeName } from "./gguf_blocks.ts";
import { openFile, orClose, readBytes, type Rows, tensorNamed } from "./tensor_file.ts";

export type GgufValue = number | bigint | boolean | string | GgufValue[];

export interface GgufTensor {
  /** Rows first, as in Hugging Face: the reverse of the file's order. */
  shape: readonly number[];
  type: number;
  /** Bytes from the start of the file. */
  start: number;
}

/** The GGUF file that a path means: itself, or the only one of a directory without a config.json. */
export function ggufOf(path: string): string | undefined {
  if (path.endsWith(".gguf")) return path;
  if (!existsSync(path) || !statSync(path).isDirectory() || existsSync(join(path, "config.json"))) {
    return undefined;
  }
  const files = readdirSync(path).filter((name) => name.endsWith(".gguf"));
  if (files.length > 1) {
    throw new Error(`Cannot read ${path} as it holds ${files.length} GGUF files: name one of them`);
  }
  return files[0] && join(path, files[0]);
}

/** An open file. Close it when done. */
export class GgufFile {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  readonly #file: number;

  /** Opens a file and reads all but its tensors. Throws one sentence for anything that is wrong with it. */
  constructor(readonly path: string) {
    this.#file = openFile(path);
    ({ metadata: this.metadata, tensors: this.tensors } = orClose(this.#file, () => this.#header()));
  }

  /** One tensor as f32, row by row; see `SafetensorsFile.read`. */
  read(name: string, shape?: readonly number[], rows?: Rows): Float32Array<ArrayBuffer> {
    const info = tensorNamed(this, name, shape);
    const [all, ...inner] = info.shape as [number, ...number[]];
    const { first, count } = rows ?? { first: 0, count: all };
    const perRow = inner.reduce((a, b) => a * b, 1);
    const type = BLOCK_TYPES[info.type]!;
    const bytes = (numbers: number) => numbers / type.numbers * type.bytes;
    const [start, end] = [first, first + count].map((row) => info.start + bytes(row * perRow)) as [
      number,
      number,
    ];
    const truncated = () => this.#fault(`tensor ${name} ends behind the end of the file`);
    return dequantise(readBytes(this.#file, start, end, truncated), info.type);
  }

  close(): void {
    closeSync(this.#file);
  }

  #header() {
    const input = new Input(this.#file, () => this.#fault("it ends within its header"));
    const magic = input.u32();
    if (magic !== 0x46554747) throw this.#fault("it does not begin with GGUF");
    const version = input.u32();
    if (version !== 2 && version !== 3) {
      throw this.#fault(`its version must be 2 or 3: current version is ${version}`);
    }
    const [tensorCount, keyCount] = [input.u64(), input.u64()];
    const metadata = new Map<string, GgufValue>();
    for (let i = 0; i < keyCount; i++) {
      const key = input.string();
      metadata.set(key, this.#value(input, input.u32()));
    }
    const infos = Array.from({ length: tensorCount }, () => {
      const name = input.string();
      const shape = Array.from({ length: input.u32() }, () => input.u64()).reverse();
      return { name, shape, type: input.u32(), offset: input.u64() };
    });
    const { size } = fstatSync(this.#file);
    const alignment = Number(metadata.get("general.alignment") ?? 32);
    const start = Math.ceil(input.position / alignment) * alignment;
    const tensors = new Map(infos.map(({ name, shape, type, offset }): [string, GgufTensor] => {
      const known = BLOCK_TYPES[type];
      if (!known) {
        const names = Object.values(BLOCK_TYPES).map((own) => own.name).join(", ");
        throw this.#fault(
          `the type of tensor ${name} must be one of ${names}: current type is ${typeName(type)}`,
        );
      }
      if (shape.at(-1)! % known.numbers !== 0) {
        throw this.#fault(
          `rows of tensor ${name} must have a multiple of ${known.numbers} numbers: ${shape}`,
        );
      }
      const numbers = shape.reduce((product, n) => product * n, 1);
      const end = start + offset + numbers / known.numbers * known.bytes;
      if (end > size) {
        throw this.#fault(
          `it is truncated: tensor ${name} ends at byte ${end}, and the file has ${size} bytes`,
        );
      }
      return [name, { shape, type, start: start + offset }];
    }));
    return { metadata, tensors };
  }

  #value(input: Input, type: number): GgufValue {
    switch (type) {
      case 0:
        return input.u8();
      case 1:
        return input.u8() << 24 >> 24;
      case 2:
        return input.u16();
      case 3:
        return input.u16() << 16 >> 16;
      case 4:
        return input.u32();
      case 5:
        return input.u32() | 0;
      case 6:
        return input.f32();
      case 7:
        return input.u8() !== 0;
      case 8:
        return input.string();
      case 9: {
        const inner = input.u32();
        return Array.from({ length: input.u64() }, () => this.#value(input, inner));
      }
      case 10:
        return input.u64();
      case 11:
        return BigInt.asIntN(64, BigInt(input.u64()));
      case 12:
        return input.f64();
    }
    throw this.#fault(`its metadata has the unknown type ${type}`);
  }

  #fault(reason: string): Error {
    return new Error(`Cannot read ${this.path} as ${reason}`);
  }
}

/** Little-endian numbers one after the other, read by the megabyte. */
class Input {
  position = 0;
  #chunk = new Uint8Array(1 << 20);
  #first = 0; // of the chunk in the file
  #length = 0;

  constructor(readonly file: number, readonly ended: () => Error) {}

  #take(bytes: number): DataView {
    if (bytes > this.#chunk.length) {
      if (bytes > 1 << 28) throw this.ended(); // no string is that long
      this.#chunk = new Uint8Array(bytes);
      this.#length = 0;
    }
    if (this.position < this.#first || this.position + bytes > this.#first + this.#length) {
      this.#first = this.position;
      this.#length = readSync(this.file, this.#chunk, 0, this.#chunk.length, this.position);
      if (this.#length < bytes) throw this.ended();
    }
    const view = new DataView(this.#chunk.buffer, this.position - this.#first, bytes);
    this.position += bytes;
    return view;
  }

  u8(): number {
    return this.#take(1).getUint8(0);
  }
  u16(): number {
    return this.#take(2).getUint16(0, true);
  }
  u32(): number {
    return this.#take(4).getUint32(0, true);
  }
  f32(): number {
    return this.#take(4).getFloat32(0, true);
  }
  f64(): number {
    return this.#take(8).getFloat64(0, true);
  }
  u64(): number {
    const value = this.#take(8).getBigUint64(0, true);
    return Number(value);
  }
  string(): string {
    const { buffer, byteOffset, byteLength } = this.#take(this.u64());
    return new TextDecoder().decode(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
  }
}
