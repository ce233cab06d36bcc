// Types of storage. All arithmetic is f32: a number stored in 16 bits is widened where a kernel reads it, which is
// exact. bf16 is two numbers a 32-bit word, which every driver can read; f16 has three bits more and a small range,
// and needs the feature shader-f16.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import type { Kernel } from "#shared/engine/gpu/kernel.ts";
import { replaced, type ShaderText, textOf } from "#shared/engine/gpu/shader.ts";

/** How numbers are stored on the GPU, in Hugging Face's names. */
export type Dtype = "float32" | "bfloat16" | "float16";

/** Bytes of a number. */
export function bytesOf(dtype: Dtype): number {
  return dtype === "float32" ? 4 : 2;
}

/** @throws Error when the adapter cannot read numbers of this type. */
export function checkDtype(gpu: Gpu, dtype: Dtype): void {
  if (dtype !== "float16" || gpu.device.features.has("shader-f16")) return;
  throw new Error(
    "Cannot store weights as float16 as the adapter must have the feature shader-f16; bfloat16 works on every adapter",
  );
}

// The minimum changes no finite number. Without it, lavapipe's compiler repeats the shifts at every use of the quad in
// an unrolled loop, and the product for subgroups takes half as long again.
const WIDEN_BF16 = `
fn quad_of_bf16(v: vec2u) -> vec4f {
  let bits = vec4u(v.x << 16u, v.x & 0xffff0000u, v.y << 16u, v.y & 0xffff0000u);
  return min(bitcast<vec4f>(bits), vec4f(0x1.fffffep+127f));
}
`;

/** The texts of kernels that read a binding stored in 16 bits, by their text in f32, the binding and the type. */
const READING = new Map<ShaderText, Map<string, () => string>>();

/**
 * The text of the kernel `label` with the read-only binding `name`, an array of vec4f in it, stored as `dtype`.
 * @throws Error, when it is made, unless the text has such a binding and reads it
 */
export function reading(label: string, source: ShaderText, name: string, dtype: Dtype): ShaderText {
  if (dtype === "float32") return source;
  const known = READING.get(source) ?? new Map<string, () => string>();
  READING.set(source, known);
  const key = `${name} ${dtype}`;
  const text = known.get(key) ?? (() => {
    const declaration = new RegExp(`(var<storage, *read> *${name} *: *array<)vec4f>`);
    const reads = new RegExp(`\\b${name}\\[([^\\]]*)\\]`, "g");
    const [type, widened] = dtype === "bfloat16" ? ["vec2u", "quad_of_bf16"] : ["vec4h", "vec4f"];
    const wgsl32 = textOf(source);
    if (!declaration.test(wgsl32)) {
      throw new Error(`Cannot read ${name} as ${dtype} as it must be an array<vec4f>`);
    }
    const declared = replaced(label, wgsl32, declaration, `$1${type}>`);
    const wgsl = replaced(label, declared, reads, `${widened}(${name}[$1])`);
    return dtype === "bfloat16" ? wgsl + WIDEN_BF16 : "enable f16;\n" + wgsl;
  });
  known.set(key, text);
  return text;
}

/** The kernel of a text whose binding `name` is stored as `dtype`. */
export function kernelReading(
  gpu: Gpu,
  label: string,
  source: ShaderText,
  name: string,
  dtype: Dtype = "float32",
  constants: Record<string, number> = {},
): Kernel {
  if (dtype === "float32") return gpu.kernel(label, source, constants);
  const own = `${label} of ${dtype}`;
  return gpu.kernel(own, reading(own, source, name, dtype), constants);
}
