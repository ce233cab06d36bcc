import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { run, testGpu, unreadable } from "#shared/engine/gpu/testing.ts";
import { textOf } from "#shared/engine/gpu/shader.ts";
import { bf16ToF32, f16ToF32 } from "#shared/io/half.ts";
import { unpack } from "./unpack.ts";
import { checkDtype, reading } from "./dtype.ts";
import gather from "#shared/engine/ops/embedding/gather_rows.wgsl" with { type: "text" };

const gpu = await testGpu();
const every = Uint16Array.from({ length: 1 << 16 }, (_, bits) => bits);

describe("16 bits", () => {
  for (
    const [dtype, widened, infinity] of [["bfloat16", bf16ToF32, 0x7f80], [
      "float16",
      f16ToF32,
      0x7c00,
    ]] as const
  ) {
    const skip = unreadable(gpu, dtype);
    it(`are widened exactly: every finite number of ${dtype}`, { skip }, async () => {
      const finite = every.filter((bits) => (bits & infinity) !== infinity);
      const buffers = {
        packed: gpu.upload("packed", new Uint32Array(finite.buffer)),
        out: gpu.allocate("out", finite.length * 4),
      };
      await run((recorder) => unpack(recorder, buffers, { rows: finite.length / 256, stride: 256, dtype }));
      const [got, expected] = [await gpu.readFloats(buffers.out), widened(finite)];
      // Denormals of f32, which only bf16 holds, may be flushed to zero: SwiftShader does, as WGSL allows.
      const right = (i: number) =>
        Object.is(got[i], expected[i]) || (Math.abs(expected[i]!) < 2 ** -126 && got[i] === 0);
      assert.deepEqual([...finite.keys()].filter((i) => !right(i)), []);
      gpu.release(...Object.values(buffers));
    });
  }

  it("are refused where a kernel reads no quads", () => {
    assert.throws(
      () => textOf(reading("gather_rows", gather, "indices", "float16")),
      /Cannot read indices as float16 as it must be an array<vec4f>/,
    );
  });

  it("are refused on an adapter that cannot read them", () => {
    const plain = { device: { features: new Set<string>() } } as unknown as typeof gpu;
    assert.throws(() => checkDtype(plain, "float16"), {
      message: "Cannot store weights as float16 as the adapter must have the feature shader-f16; " +
        "bfloat16 works on every adapter",
    });
    checkDtype(plain, "bfloat16");
  });
});
