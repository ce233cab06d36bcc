import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import {
  compact,
  decodeBias,
  decodeEmbed,
  decodeLogits,
  decodeNormMatmul,
  decodeResidualMatmul,
  ROW_WORDS,
  squaresBytes,
  STATE_HEADER,
} from "./decode.ts";
import { matmulNNRef, matmulNTRef } from "#shared/engine/ops/matmul/matmul.ref.ts";
import { rmsNormRef } from "#shared/engine/ops/rms_norm/rms_norm.ref.ts";
import { swigluRef } from "#shared/engine/ops/swiglu/swiglu.ref.ts";

const eps = 1e-5;

/** A state buffer with `live` rows whose words are 100 * row + word. */
function stateOf(live: number, capacity = live): Uint32Array<ArrayBuffer> {
  const state = new Uint32Array(STATE_HEADER + capacity * ROW_WORDS);
  state[0] = live;
  for (let i = 0; i < live * ROW_WORDS; i++) {
    state[STATE_HEADER + i] = 100 * Math.floor(i / ROW_WORDS) + i % ROW_WORDS;
  }
  return state;
}

describe("decode", () => {
  for (const [rows, live, hidden, inner] of [[4, 1, 4, 8], [9, 7, 20, 12], [70, 67, 64, 176]] as const) {
    it(`multiplies ${live} of ${rows} rows around a norm of width ${hidden} as the f64 reference`, async () => {
      const gpu = await testGpu();
      const [x, residual] = [noise(rows * inner, 1), noise(rows * hidden, 2)];
      const [w, next, norm] = [noise(inner * hidden, 3), noise(hidden * 2 * inner, 4), noise(hidden, 5)];
      const [bias, vocab] = [noise(2 * inner, 6), noise(12 * hidden, 7)];
      const size = (count: number) => gpu.allocate("out", count * 4);
      const buffers = {
        state: gpu.upload("state", stateOf(live, rows)),
        x: gpu.upload("x", x),
        residual: gpu.upload("residual", residual),
        w: gpu.upload("w", w),
        next: gpu.upload("next", next),
        norm: gpu.upload("norm", norm),
        bias: gpu.upload("bias", bias),
        vocab: gpu.upload("vocab", vocab),
        middle: size(rows * hidden),
        scaled: size(rows * hidden),
        squares: gpu.allocate("squares", squaresBytes(rows, hidden)),
        out: size(rows * 2 * inner),
        gated: size(rows * inner),
        gatedBiased: size(rows * inner),
        logits: size(rows * 12),
      };
      const { state, middle, scaled, squares, out, gated, gatedBiased, logits } = buffers;
      const input = { scaled, squares };
      await run((recorder) => {
        decodeResidualMatmul(
          recorder,
          {
            state,
            x: buffers.x,
            w: buffers.w,
            residual: buffers.residual,
            norm: buffers.norm,
            out: middle,
            output: input,
          },
          { rows, cols: hidden, inner },
        );
        const common = { state, input, w: buffers.next };
        const shape = { rows, inner: hidden, eps };
        decodeNormMatmul(recorder, { ...common, bias: buffers.bias, out }, { ...shape, cols: 2 * inner });
        const swiglu = { ...shape, cols: inner, swiglu: true };
        decodeNormMatmul(recorder, { ...common, out: gated }, swiglu);
        decodeNormMatmul(recorder, { ...common, bias: buffers.bias, out: gatedBiased }, swiglu);
        const shard = { binding: buffers.vocab, first: 0, count: 12 };
        decodeLogits(recorder, { state, ...input, logits }, [shard], { ...shape, stride: 12 });
      });
      const sum = matmulNNRef(x, w, { rows: live, cols: hidden, inner }).map((v, i) => v + residual[i]!);
      const normed = rmsNormRef(sum, norm, { rows: live, cols: hidden, eps }).out;
      const product = matmulNNRef(normed, next, { rows: live, cols: 2 * inner, inner: hidden });
      const biased = product.map((v, i) => v + bias[i % bias.length]!);
      assertClose(await gpu.readFloats(middle, sum.length), sum, 1e-5, "residual stream");
      assertClose(await gpu.readFloats(out, biased.length), biased, 1e-5, "product of the norm");
      const gate = swigluRef(product, { rows: live, cols: inner });
      assertClose(await gpu.readFloats(gated, gate.length), gate, 1e-5, "SwiGLU");
      const gateBiased = swigluRef(biased, { rows: live, cols: inner });
      assertClose(await gpu.readFloats(gatedBiased, gate.length), gateBiased, 1e-5, "SwiGLU with a bias");
      const scores = matmulNTRef(normed, vocab, { rows: live, cols: 12, inner: hidden });
      assertClose(await gpu.readFloats(logits, scores.length), scores, 1e-5, "logits");
      const rest = await gpu.readFloats(out, (rows - live) * 2 * inner, live * 2 * inner);
      assert.ok(rest.every((value) => value === 0), "rows that have ended are not computed");
      gpu.release(...Object.values(buffers));
    });
  }

  it("adds a bias to the live rows", async () => {
    const gpu = await testGpu();
    const [rows, live, cols] = [9, 7, 20];
    const [x, bias] = [noise(rows * cols, 1), noise(cols, 2)];
    const buffers = {
      state: gpu.upload("state", stateOf(live, rows)),
      bias: gpu.upload("bias", bias),
      x: gpu.upload("x", x),
    };
    await run((recorder) => decodeBias(recorder, buffers, { rows, cols }));
    const expected = x.map((value, i) => i < live * cols ? Math.fround(value + bias[i % cols]!) : value);
    assert.deepEqual(await gpu.readFloats(buffers.x), expected);
    gpu.release(...Object.values(buffers));
  });

  it("embeds the tokens of the rows with what the first norm takes", async () => {
    const gpu = await testGpu();
    const [hidden, table, norm] = [12, noise(300 * 12, 1), noise(12, 2)];
    const buffers = {
      state: gpu.upload("state", stateOf(3)), // tokens 0, 100 and 200
      table: gpu.upload("table", table),
      norm: gpu.upload("norm", norm),
      x: gpu.allocate("x", 3 * hidden * 4),
      scaled: gpu.allocate("scaled", 3 * hidden * 4),
      squares: gpu.allocate("squares", squaresBytes(3, hidden)),
    };
    const part = (first: number, count: number) => ({
      binding: { buffer: buffers.table, offset: first * hidden * 4, size: count * hidden * 4 },
      first,
      count,
    });
    const shape = { rows: 3, hidden };
    await run((recorder) => decodeEmbed(recorder, buffers, [part(0, 128), part(128, 172)], shape));
    const rows = [0, 100, 200].flatMap((row) => [...table.subarray(row * hidden, (row + 1) * hidden)]);
    assert.deepEqual([...await gpu.readFloats(buffers.x)], rows);
    assertClose(await gpu.readFloats(buffers.scaled), rows.map((v, i) => v * norm[i % hidden]!), 1e-6);
    const sums = [0, 1, 2, 3, 4, 5].map((block) => {
      const first = Math.floor(block / 2) * hidden + block % 2 * 8;
      const end = Math.floor(block / 2) * hidden + Math.min(hidden, block % 2 * 8 + 8);
      return rows.slice(first, end).reduce((sum, value) => sum + value * value, 0);
    });
    assertClose(await gpu.readFloats(buffers.squares), sums, 1e-6);
    gpu.release(...Object.values(buffers));
  });

  it("moves the rows that go on to the front, in order", async () => {
    const gpu = await testGpu();
    const [live, capacity] = [70, 80];
    const ends = (row: number) => row % 3 === 1 || row > 66;
    const next = Uint32Array.from({ length: capacity }, (_, row) => ends(row) ? 0xffffffff : 7000 + row);
    const buffers = {
      state: gpu.upload("state", stateOf(live, capacity)),
      next: gpu.upload("next", next),
      moved: gpu.upload("moved", stateOf(capacity)),
    };
    await run((recorder) => compact(recorder, buffers, { rows: capacity }));
    const staying = Array.from({ length: live }, (_, row) => row).filter((row) => !ends(row));
    const words = await gpu.readWords(buffers.moved, STATE_HEADER + staying.length * ROW_WORDS);
    const expected = staying.flatMap((row) => {
      const [, position, ...rest] = Array.from({ length: ROW_WORDS }, (_, word) => 100 * row + word);
      return [7000 + row, position! + 1, ...rest];
    });
    assert.deepEqual([...words], [staying.length, ...expected]);
    gpu.release(...Object.values(buffers));
  });
});
