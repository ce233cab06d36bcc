// GGUF's stored types as f32. A block of 32 numbers is scale * q, or scale * q + least, with q of 4, 5 or 8 bits
// (ggml-quants.c: dequantize_row_q4_0 and so on); of 4 bits the low halves come first. K-quants: gguf_k_blocks.ts.

import { K_BLOCKS, K_NUMBERS } from "./gguf_k_blocks.ts";
import { bf16ToF32, f16ToF32 } from "./half.ts";

/** By ggml's number: how many numbers a block has, and how many bytes. */
export const BLOCK_TYPES: Record<number, { name: string; numbers: number; bytes: number }> = {
  0: { name: "F32", numbers: 1, bytes: 4 },
  1: { name: "F16", numbers: 1, bytes: 2 },
  30: { name: "BF16", numbers: 1, bytes: 2 },
  2: { name: "Q4_0", numbers: 32, bytes: 18 },
  3: { name: "Q4_1", numbers: 32, bytes: 20 },
  6: { name: "Q5_0", numbers: 32, bytes: 22 },
  7: { name: "Q5_1", numbers: 32, bytes: 24 },
  8: { name: "Q8_0", numbers: 32, bytes: 34 },
  10: { name: "Q2_K", numbers: K_NUMBERS, bytes: 84 },
  11: { name: "Q3_K", numbers: K_NUMBERS, bytes: 110 },
  12: { name: "Q4_K", numbers: K_NUMBERS, bytes: 144 },
  13: { name: "Q5_K", numbers: K_NUMBERS, bytes: 176 },
  14: { name: "Q6_K", numbers: K_NUMBERS, bytes: 210 },
};

/** Names of types that are not read. */
const OTHER_TYPES: Record<number, string> = {
  9: "Q8_1",
  15: "Q8_K",
  16: "IQ2_XXS",
  17: "IQ2_XS",
  18: "IQ3_XXS",
  19: "IQ1_S",
  20: "IQ4_NL",
  21: "IQ3_S",
  22: "IQ2_S",
  23: "IQ4_XS",
  28: "F64",
  29: "IQ1_M",
  34: "TQ1_0",
  35: "TQ2_0",
  39: "MXFP4",
};

/** ggml's name of a type, or its number. */
export const typeName = (type: number) =>
  BLOCK_TYPES[type]?.name ?? OTHER_TYPES[type] ?? `the unknown number ${type}`;

/** Numbers of whole blocks; products and sums are rounded to f32 as ggml's are. */
export function dequantise(data: Uint8Array<ArrayBuffer>, type: number): Float32Array<ArrayBuffer> {
  const { name, numbers, bytes } = BLOCK_TYPES[type]!;
  if (name === "F32") return new Float32Array(data.buffer);
  if (name === "F16") return f16ToF32(new Uint16Array(data.buffer));
  if (name === "BF16") return bf16ToF32(new Uint16Array(data.buffer));
  const blocks = data.length / bytes;
  const ofK = K_BLOCKS[name];
  if (ofK !== undefined) {
    const out = new Float32Array(blocks * numbers);
    for (let block = 0; block < blocks; block++) ofK(data, block * bytes, out, block * numbers);
    return out;
  }
  const view = new DataView(data.buffer);
  const halves = name.endsWith("_1") ? 2 : 1; // f16 numbers before the rest
  const heads = new Uint16Array(blocks * halves);
  for (let i = 0; i < heads.length; i++) {
    heads[i] = view.getUint16(Math.floor(i / halves) * bytes + i % halves * 2, true);
  }
  const scales = f16ToF32(heads);
  const out = new Float32Array(blocks * numbers);
  for (let block = 0; block < blocks; block++) {
    const scale = scales[block * halves]!;
    const least = halves === 2 ? scales[block * 2 + 1]! : 0;
    let at = block * bytes + halves * 2;
    const to = block * 32;
    if (name === "Q8_0") {
      for (let i = 0; i < 32; i++) out[to + i] = scale * view.getInt8(at + i);
      continue;
    }
    const five = name.startsWith("Q5");
    const high = five ? view.getUint32(at, true) : 0;
    if (five) at += 4;
    const zero = halves === 2 ? 0 : five ? 16 : 8;
    for (let i = 0; i < 16; i++) {
      const byte = data[at + i]!;
      const low = (byte & 15) | (high >>> i & 1) << 4;
      const top = (byte >> 4) | (high >>> i + 16 & 1) << 4;
      out[to + i] = Math.fround(scale * (low - zero)) + least;
      out[to + i + 16] = Math.fround(scale * (top - zero)) + least;
    }
  }
  return out;
}
