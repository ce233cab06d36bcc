// 16-bit floats: bfloat16 (the upper half of an f32) and IEEE half precision.

/** Exact. */
export function bf16ToF32(values: Uint16Array): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) bits[i] = values[i]! << 16;
  return new Float32Array(bits.buffer);
}

/** Rounds to nearest, ties to even; overflow becomes infinity and a NaN stays one. */
export function f32ToBf16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const result = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const x = bits[i]!;
    const isNaN = (x & 0x7fffffff) > 0x7f800000;
    result[i] = isNaN ? (x >>> 16) | 0x40 : (x + 0x7fff + ((x >>> 16) & 1)) >>> 16;
  }
  return result;
}

/** Rounds to nearest, ties to even; what is above 65504 becomes infinity and a NaN stays one. */
export function f32ToF16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const shifted = new Float32Array(1);
  const shiftedBits = new Uint32Array(shifted.buffer);
  const result = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const sign = (bits[i]! >>> 16) & 0x8000;
    const x = bits[i]! & 0x7fffffff;
    if (x >= 0x477ff000) result[i] = sign | (x > 0x7f800000 ? 0x7e00 : 0x7c00);
    else if (x >= 0x38800000) result[i] = sign | ((x - 0x38000000 + 0xfff + ((x >>> 13) & 1)) >>> 13);
    else { // below 2^-14 halves are multiples of 2^-24, which is the distance of f32 numbers from 0.5 on
      shifted[0] = 0.5 + Math.abs(values[i]!);
      result[i] = sign | (shiftedBits[0]! - 0x3f000000);
    }
  }
  return result;
}

/** Exact: every half is an f32. */
export function f16ToF32(values: Uint16Array): Float32Array<ArrayBuffer> {
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    const sign = x & 0x8000 ? -1 : 1;
    const exponent = (x >> 10) & 0x1f;
    const mantissa = x & 0x3ff;
    if (exponent === 0) result[i] = sign * mantissa * 2 ** -24;
    else if (exponent === 31) result[i] = mantissa === 0 ? sign * Infinity : NaN;
    else result[i] = sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
  }
  return result;
}
