import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { f16ToF32, f32ToF16 } from "./half.ts";

/** Every half from 0 up, infinity last. */
const halves = f16ToF32(Uint16Array.from({ length: 0x7c01 }, (_, bits) => bits));

describe("f32ToF16()", () => {
  it("gives back every half, of both signs", () => {
    for (const sign of [1, -1]) {
      const expected = Uint16Array.from(halves, (_, bits) => bits | (sign < 0 ? 0x8000 : 0));
      assert.deepEqual(f32ToF16(halves.map((value) => sign * value)), expected);
    }
    assert.equal(f32ToF16(Float32Array.of(NaN))[0], 0x7e00);
  });

  it("rounds to the nearest half, a tie to the even one, and from 65520 on to infinity", () => {
    const [even, odd, above, below] = [[], [], [], []] as number[][] as [
      number[],
      number[],
      number[],
      number[],
    ];
    for (let bits = 0; bits < 0x7bff; bits++) {
      const middle = (halves[bits]! + halves[bits + 1]!) / 2; // exact in f32
      (bits % 2 === 0 ? even : odd).push(f32ToF16(Float32Array.of(middle))[0]! - bits);
      const step = 2 ** Math.floor(Math.log2(middle) - 23);
      above.push(f32ToF16(Float32Array.of(middle + step))[0]! - bits);
      below.push(f32ToF16(Float32Array.of(middle - step))[0]! - bits);
    }
    assert.deepEqual([...new Set(even)], [0]);
    assert.deepEqual([...new Set(odd)], [1]);
    assert.deepEqual([...new Set(above)], [1]);
    assert.deepEqual([...new Set(below)], [0]);
    assert.deepEqual([...f32ToF16(Float32Array.of(65519.99, 65520, 1e38, -65520))], [
      0x7bff,
      0x7c00,
      0x7c00,
      0xfc00,
    ]);
  });
});
