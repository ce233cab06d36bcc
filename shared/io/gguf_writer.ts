// GGUF, the file format of llama.cpp, as far as models are written to it (gguf.ts reads it): metadata, then tensors as f32, f16 or in blocks
// of 32 eight-bit integers. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

import { writeFileAtomic } from "./atomic_write.ts";
import { f32ToF16 } from "./half.ts";

const ALIGNMENT = 32;
/** Values of a Q8_0 block: they share one scale, an f16. */
const BLOCK = 32;

/** Numbers of the types of tensors. */
const TENSOR_TYPES = { F32: 0, F16: 1, Q8_0: 8 } as const;
export type TensorType = keyof typeof TENSOR_TYPES;

/** A value of the metadata with its type; lists hold one type. */
export type MetadataValue =
  | { u32: number }
  | { f32: number }
  | { bool: boolean }
  | { string: string }
  | { strings: readonly string[] }
  | { f32s: readonly number[] }
  | { i32s: readonly number[] };

export interface OutputTensor {
  name: string;
  /** As PyTorch counts: rows first. The last one must be a multiple of 32 for Q8_0. */
  shape: readonly number[];
  type: TensorType;
  /** Its values in row-major order; called once, when it is written. */
  read(): Float32Array;
}

/** Writes a file as a whole or not at all, holding one tensor at a time. */
export function writeGguf(
  path: string,
  metadata: readonly (readonly [key: string, value: MetadataValue])[],
  tensors: readonly OutputTensor[],
): void {
  const head = new Bytes();
  head.raw("GGUF").u32(3).u64(tensors.length).u64(metadata.length);
  for (const [key, value] of metadata) head.string(key).value(value);
  let offset = 0;
  for (const tensor of tensors) {
    head.string(tensor.name).u32(tensor.shape.length);
    for (const size of tensor.shape.toReversed()) head.u64(size);
    head.u32(TENSOR_TYPES[tensor.type]).u64(offset);
    offset += padded(bytesOf(tensor));
  }
  writeFileAtomic(path, (write) => {
    const bytes = head.all();
    write(bytes);
    write(new Uint8Array(padded(bytes.length) - bytes.length));
    for (const tensor of tensors) {
      const data = encode(tensor);
      write(data);
      write(new Uint8Array(padded(data.length) - data.length));
    }
  });
}

function padded(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function bytesOf({ shape, type }: Pick<OutputTensor, "shape" | "type">): number {
  const size = shape.reduce((product, n) => product * n, 1);
  return type === "F32" ? 4 * size : type === "F16" ? 2 * size : size / BLOCK * (BLOCK + 2);
}

function encode({ name, shape, type, read }: OutputTensor): Uint8Array {
  const values = read();
  const size = shape.reduce((product, n) => product * n, 1);
  if (values.length !== size) {
    throw new RangeError(
      `Cannot write ${name} as it must have ${size} values: current number is ${values.length}`,
    );
  }
  if (type === "F32") return bytesIn(values);
  if (type === "Q8_0") return quantised(values);
  const halves = f32ToF16(values);
  if (halves.some((half) => (half & 0x7c00) === 0x7c00)) {
    throw new RangeError(
      `Cannot write ${name} as float16: a value is above 65504 or not finite; q8_0 and f32 have no such limit`,
    );
  }
  return bytesIn(halves);
}

function bytesIn({ buffer, byteOffset, byteLength }: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** As ggml's quantize_row_q8_0_ref: scale = largest / 127, rounded to f16 only where it is stored. */
function quantised(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length / BLOCK * (BLOCK + 2));
  const integers = new Int8Array(bytes.buffer);
  const scale = new Float32Array(1);
  for (let block = 0; block < values.length / BLOCK; block++) {
    let largest = 0;
    for (let i = 0; i < BLOCK; i++) largest = Math.max(largest, Math.abs(values[block * BLOCK + i]!));
    scale[0] = largest / 127;
    const inverse = scale[0] > 0 ? Math.fround(1 / scale[0]) : 0;
    const at = block * (BLOCK + 2);
    const [half] = f32ToF16(scale);
    bytes[at] = half! & 0xff;
    bytes[at + 1] = half! >> 8;
    for (let i = 0; i < BLOCK; i++) {
      const x = Math.fround(values[block * BLOCK + i]! * inverse);
      integers[at + 2 + i] = Math.sign(x) * Math.floor(Math.abs(x) + 0.5); // halves away from zero, as roundf
    }
  }
  return bytes;
}

const [U32, I32, F32, BOOL, STRING, ARRAY] = [4, 5, 6, 7, 8, 9];

/** Little-endian bytes, appended. */
class Bytes {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  raw(data: string | Uint8Array): this {
    const part = typeof data === "string" ? new TextEncoder().encode(data) : data;
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }

  u32(value: number): this {
    return this.raw(new Uint8Array(Uint32Array.of(value).buffer));
  }

  u64(value: number): this {
    return this.raw(new Uint8Array(BigUint64Array.of(BigInt(value)).buffer));
  }

  string(text: string): this {
    const data = new TextEncoder().encode(text);
    return this.u64(data.length).raw(data);
  }

  value(value: MetadataValue): this {
    if ("u32" in value) return this.u32(U32!).u32(value.u32);
    if ("f32" in value) return this.u32(F32!).raw(bytesIn(Float32Array.of(value.f32)));
    if ("bool" in value) return this.u32(BOOL!).raw(Uint8Array.of(value.bool ? 1 : 0));
    if ("string" in value) return this.u32(STRING!).string(value.string);
    if ("strings" in value) {
      this.#list(STRING!, value.strings.length);
      for (const text of value.strings) this.string(text);
      return this;
    }
    if ("f32s" in value) {
      return this.#list(F32!, value.f32s.length).raw(bytesIn(Float32Array.from(value.f32s)));
    }
    return this.#list(I32!, value.i32s.length).raw(new Uint8Array(Int32Array.from(value.i32s).buffer));
  }

  #list(type: number, length: number): this {
    return this.u32(ARRAY!).u32(type).u64(length);
  }

  all(): Uint8Array {
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}
