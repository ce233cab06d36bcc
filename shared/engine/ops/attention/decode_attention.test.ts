import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { forest } from "./testing.ts";
import { attentionRef, keysOf } from "./attention.ref.ts";
import { ROW_WORDS, STATE_HEADER } from "#shared/engine/ops/decode/decode.ts";
import { attendsInSubgroups, decodeAttention, decodeAttentionOfWork } from "./decode_attention.ts";
import { ropeRef } from "#shared/engine/ops/rope/rope.ref.ts";

const eps = 1e-5;

/** The rows of a test: which prompt each continues, after how many tokens of its own. */
interface Case {
  /** Tokens of each prompt. */
  prompts: number[];
  /** (prompt, own tokens before the new one) of each row. */
  rows: [number, number][];
  heads: number;
  kvHeads: number;
  headDim: number;
  qkNorm?: boolean;
  window?: number;
}

const mixed: [number, number][] = [[0, 0], [0, 3], [1, 1], [0, 9], [2, 2], [1, 0], [3, 4], [0, 5], [3, 17], [
  4,
  1,
]];
const cases: Case[] = [
  { prompts: [5], rows: [[0, 2]], heads: 2, kvHeads: 1, headDim: 8 },
  { prompts: [5, 7, 0, 1, 0], rows: mixed, heads: 4, kvHeads: 4, headDim: 16 },
  { prompts: [5, 7, 0, 1, 0], rows: mixed, heads: 6, kvHeads: 2, headDim: 8, qkNorm: true },
  { prompts: [33, 2, 0, 6, 0], rows: mixed, heads: 3, kvHeads: 3, headDim: 32, qkNorm: true },
  { prompts: [33, 2, 0, 6, 0], rows: mixed, heads: 4, kvHeads: 2, headDim: 32, qkNorm: true },
  { prompts: [5, 7, 0, 1, 0], rows: mixed, heads: 8, kvHeads: 2, headDim: 16 },
  { prompts: [5, 7, 0, 1, 0], rows: mixed, heads: 4, kvHeads: 4, headDim: 16, window: 4 },
  { prompts: [33, 2, 0, 6, 0], rows: mixed, heads: 4, kvHeads: 2, headDim: 32, qkNorm: true, window: 13 },
  { prompts: [33, 2, 0, 6, 0], rows: mixed, heads: 2, kvHeads: 1, headDim: 8, window: 1 },
  { prompts: [14, 3, 0, 1, 2], rows: mixed, heads: 4, kvHeads: 2, headDim: 40, window: 9 },
  { prompts: [4, 3, 0, 1, 2], rows: mixed, heads: 4, kvHeads: 2, headDim: 40 },
  { prompts: [4, 3, 0, 1, 2], rows: mixed, heads: 2, kvHeads: 1, headDim: 64 },
];

async function check(
  { prompts, rows, heads, kvHeads, headDim, qkNorm = false, window }: Case,
): Promise<void> {
  const gpu = await testGpu();
  const width = (heads + 2 * kvHeads) * headDim;
  const kvWidth = 2 * kvHeads * headDim;
  // Every prompt and then every row has its tokens in the pool, one after the other, with some room between.
  const starts: number[] = [];
  let tokens = 3;
  for (const length of [...prompts, ...rows.map(([, own]) => own + 1)]) {
    starts.push(tokens);
    tokens += length;
  }
  const raw = noise(tokens * width, 1, 2);
  const positions = new Array<number>(tokens).fill(0);
  for (const [i, length] of prompts.entries()) {
    for (let t = 0; t < length; t++) positions[starts[i]! + t] = t;
  }
  for (const [row, [prompt, own]] of rows.entries()) {
    for (let t = 0; t <= own; t++) positions[starts[prompts.length + row]! + t] = prompts[prompt]! + t;
  }
  const frequencies = Array.from({ length: headDim / 2 }, (_, i) => 100 ** (-2 * i / headDim));
  const norms = { q: noise(headDim, 2), k: noise(headDim, 3) };
  const shape = { heads, kvHeads, headDim, eps, window };
  const roped = ropeRef(raw, positions, frequencies, { tokens, ...shape }, qkNorm ? norms : undefined);
  const kvOf = (token: number) => roped.subarray(token * width + heads * headDim, (token + 1) * width);

  const state = new Uint32Array(STATE_HEADER + (rows.length + 3) * ROW_WORDS);
  state[0] = rows.length;
  const pool = new Float32Array(tokens * kvWidth);
  for (let token = 0; token < tokens; token++) pool.set(kvOf(token), token * kvWidth);
  const fed = new Float32Array((rows.length + 3) * width);
  const expected: number[] = [];
  for (const [row, [prompt, own]] of rows.entries()) {
    const [promptStart, ownStart] = [starts[prompt]!, starts[prompts.length + row]!];
    const promptTokens = prompts[prompt]!;
    state.set(
      [0, promptTokens + own, promptStart, promptTokens, ownStart, 99, row, 1, 2],
      STATE_HEADER + row * ROW_WORDS,
    );
    fed.set(raw.subarray((ownStart + own) * width, (ownStart + own + 1) * width), row * width);
    pool.fill(7, (ownStart + own) * kvWidth, (ownStart + own + 1) * kvWidth); // the kernel stores it
    const sequence = [
      ...roped.subarray(promptStart * width, (promptStart + promptTokens) * width),
      ...roped.subarray(ownStart * width, (ownStart + own + 1) * width),
    ];
    const length = promptTokens + own + 1;
    const { out } = attentionRef(sequence, keysOf(forest([length]), window), { tokens: length, ...shape });
    expected.push(...out.slice(-heads * headDim));
  }
  const longest = Math.max(...positions) + 1;
  const table = Array.from(
    { length: longest },
    (_, position) =>
      frequencies.flatMap((frequency) => [Math.cos(position * frequency), Math.sin(position * frequency)]),
  ).flat();
  const buffers = {
    state: gpu.upload("state", state),
    raw: gpu.upload("raw", fed),
    table: gpu.upload("table", Float32Array.from(table)),
    qk_norm: gpu.upload("qk_norm", Float32Array.from([...norms.q, ...norms.k])),
    pool: gpu.upload("pool", pool),
    out: gpu.allocate("out", (rows.length + 3) * heads * headDim * 4),
  };
  await run((recorder) =>
    decodeAttention(recorder, qkNorm ? buffers : { ...buffers, qk_norm: undefined }, {
      rows: rows.length + 3,
      ...shape,
    })
  );
  const out = await gpu.readFloats(buffers.out);
  assertClose(out.subarray(0, expected.length), expected, 1e-5, "attention");
  assert.ok(
    out.subarray(expected.length).every((value) => value === 0),
    "rows that have ended are not computed",
  );
  const stored = await gpu.readFloats(buffers.pool);
  for (const [row, [, own]] of rows.entries()) {
    const token = starts[prompts.length + row]! + own;
    assertClose(
      stored.subarray(token * kvWidth, (token + 1) * kvWidth),
      kvOf(token),
      1e-5,
      `keys of row ${row}`,
    );
  }
  if (attendsInSubgroups(gpu, headDim)) {
    // The same within rows that have other things before, between and behind.
    const [projected, attended, stride] = [2, 3 + width / 4, 4 + width / 4 + heads * headDim / 4];
    const work = new Float32Array((rows.length + 3) * stride * 4);
    for (let row = 0; row < rows.length; row++) {
      work.set(fed.subarray(row * width, (row + 1) * width), (row * stride + projected) * 4);
    }
    const own = { pool: gpu.upload("pool", pool), work: gpu.upload("work", work) };
    const qk_norm = qkNorm ? buffers.qk_norm : undefined;
    await run((recorder) => {
      const layout = { rows: rows.length + 3, stride, projected, attended };
      decodeAttentionOfWork(recorder, { ...buffers, ...own, qk_norm }, { ...shape, ...layout });
    });
    for (let row = 0; row < rows.length; row++) {
      const size = heads * headDim;
      const result = out.subarray(row * size, (row + 1) * size);
      work.set(result, (row * stride + attended) * 4);
    }
    assert.deepEqual(await gpu.readFloats(own.work), work, "only the result is stored, the same");
    assert.deepEqual(await gpu.readFloats(own.pool), stored);
    gpu.release(own.pool, own.work);
  }
  gpu.release(...Object.values(buffers));
}

const host = await testGpu();
const { subgroups8 } = host;

describe("decodeAttention()", () => {
  for (const own of cases) {
    const { rows, prompts, headDim, heads, kvHeads } = own;
    const what =
      `${rows.length} rows of ${prompts.length} prompts, ${heads} heads of ${headDim} on ${kvHeads}`;
    it(`attends to prompt, own tokens and the new one: ${what}`, () => check(own));
    it(`does so with portable kernels: ${what}`, {
      skip: subgroups8 ? false : "the test before has run them: the adapter has no subgroups of 8 lanes",
    }, async () => {
      host.subgroups8 = false;
      await check(own).finally(() => host.subgroups8 = subgroups8);
    });
  }
});
