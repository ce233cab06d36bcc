// GGUF's K-quants as f32: blocks of 256 numbers, in groups of 16 or 32 with scales of their own (ggml-quants.c:
// dequantize_row_q2_K and so on; the same as gguf 0.19's quants.py). Numbers i, i + 32, i + 64, ... share bytes.

import { f16ToF32 } from "./half.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Numbers of a block. */
export const K_NUMBERS = 256;

/** By ggml's name: turns the block at `at` into 256 numbers at `to`. Products and differences are rounded to f32. */
export const K_BLOCKS: Record<string, (data: Bytes, at: number, out: Float32Array, to: number) => void> = {
  /** 16 bytes of scales and least values, 64 of numbers, f16 factors of the two. */
  Q2_K(data, at, out, to) {
    const [scale, least] = [f16(data, at + 80), f16(data, at + 82)];
    for (let i = 0; i < K_NUMBERS; i++) {
      const group = data[at + (i >> 4)]!;
      const q = data[at + 16 + pair(i)]! >> shift(i) & 3;
      out[to + i] = round(round(scale * (group & 15)) * q) - round(least * (group >> 4));
    }
  },
  /** 32 bytes of high bits, 64 of low ones, 12 of 16 scales of 6 bits, an f16 factor. */
  Q3_K(data, at, out, to) {
    const scale = f16(data, at + 108);
    for (let i = 0; i < K_NUMBERS; i++) {
      const group = i >> 4;
      const low = data[at + 96 + (group & 7)]! >> (group < 8 ? 0 : 4) & 15;
      const high = data[at + 104 + (group & 3)]! >> 2 * (group >> 2) & 3;
      const q = (data[at + 32 + pair(i)]! >> shift(i) & 3) - (data[at + (i & 31)]! >> (i >> 5) & 1 ? 0 : 4);
      out[to + i] = round(scale * ((low | high << 4) - 32)) * q;
    }
  },
  /** f16 factors, 12 bytes of 8 scales and least values of 6 bits, 128 of numbers. */
  Q4_K(data, at, out, to) {
    for (let group = 0; group < 8; group++) {
      const [scale, least] = scaleAndLeast(data, at, group);
      for (let i = group * 32; i < group * 32 + 32; i++) {
        out[to + i] = round(scale * nibble(data, at + 16, i)) - least;
      }
    }
  },
  /** As Q4_K, with 32 bytes of high bits before the numbers. */
  Q5_K(data, at, out, to) {
    for (let group = 0; group < 8; group++) {
      const [scale, least] = scaleAndLeast(data, at, group);
      for (let i = group * 32; i < group * 32 + 32; i++) {
        const high = data[at + 16 + (i & 31)]! >> group & 1;
        out[to + i] = round(scale * (nibble(data, at + 48, i) | high << 4)) - least;
      }
    }
  },
  /** 128 bytes of low bits, 64 of high ones, 16 scales of 8 bits, an f16 factor. */
  Q6_K(data, at, out, to) {
    const scale = f16(data, at + 208);
    for (let i = 0; i < K_NUMBERS; i++) {
      const low = data[at + 64 * (i >> 7) + (i & 63)]! >> 4 * (i >> 6 & 1) & 15;
      const high = data[at + 128 + pair(i)]! >> shift(i) & 3;
      const group = data[at + 192 + (i >> 4)]! << 24 >> 24;
      out[to + i] = round(scale * group) * ((low | high << 4) - 32);
    }
  },
};

const round = Math.fround;

function f16(data: Bytes, at: number): number {
  return f16ToF32(Uint16Array.of(data[at]! | data[at + 1]! << 8))[0]!;
}

/** Which byte holds two bits of number i, and from which bit on: 32 bytes for each half of the block. */
const pair = (i: number) => 32 * (i >> 7) + (i & 31);
const shift = (i: number) => 2 * (i >> 5 & 3);

/** Four bits of number i: 32 bytes for each quarter of the block, low halves first. */
const nibble = (data: Bytes, at: number, i: number) =>
  data[at + 32 * (i >> 6) + (i & 31)]! >> 4 * (i >> 5 & 1) & 15;

/** Scale and least value of a group of 32: those of the last four have their upper two bits with the first four. */
function scaleAndLeast(data: Bytes, at: number, group: number): [scale: number, least: number] {
  const byte = (i: number) => data[at + 4 + i]!;
  const [scale, least] = group < 4 ? [byte(group) & 63, byte(group + 4) & 63] : [
    byte(group + 4) & 15 | byte(group - 4) >> 6 << 4,
    byte(group + 4) >> 4 | byte(group) >> 6 << 4,
  ];
  return [round(f16(data, at) * scale), round(f16(data, at + 2) * least)];
}
