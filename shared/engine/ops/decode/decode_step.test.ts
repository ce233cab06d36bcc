import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { ROW_WORDS, STATE_HEADER } from "./decode.ts";
import { decodeStep, packedQuads, packForStep, type StepProduct, stepTable } from "./decode_step.ts";
import { matmulNNRef, matmulNTRef } from "#shared/engine/ops/matmul/matmul.ref.ts";
import { rmsNormRef } from "#shared/engine/ops/rms_norm/rms_norm.ref.ts";
import { swigluRef } from "#shared/engine/ops/swiglu/swiglu.ref.ts";

const eps = 1e-5;
const host = await testGpu();
const skip = host.subgroups8 ? false : "the adapter has no subgroups of 8 lanes";

interface Case {
  live: number;
  capacity: number;
  hidden: number;
  projected: number;
  attended: number;
  inner: number;
  vocab: number;
  temperature: number;
}

/**
 * A step of a model of one layer from the embeddings to the draw, with the result of attention put in between, beside
 * the f64 references.
 */
async function check({ live, capacity, hidden, projected, attended, inner, vocab, temperature }: Case) {
  const gpu = host;
  const columns = Math.ceil(vocab / 4) * 4;
  const table = noise(columns * hidden, 1);
  const [first, second, last] = [noise(hidden, 2), noise(hidden, 3), noise(hidden, 4)];
  const biases = [projected, hidden, 2 * inner, hidden].map((cols, i) => noise(cols, 11 + i));
  const matrices = {
    qkv: noise(hidden * projected, 6),
    o: noise(attended * hidden, 7),
    gateUp: noise(hidden * 2 * inner, 8),
    down: noise(inner * hidden, 9),
  };
  const attention = noise(live * attended, 10);

  const places = [hidden, projected, attended, inner, columns].reduce(
    (at, size) => [...at, at.at(-1)! + size / 4],
    [0],
  );
  const [x, qkv, attendedAt, innerAt, logits, stride] = places as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  let quads = 16;
  const biasPlaces = biases.map(({ length }) => (quads += length / 4) - length / 4);
  const product = (kind: StepProduct["kind"], depth: number, cols: number, from: number, out: number) => {
    const made = { kind, depth: depth / 4, quads: cols / 4, x: from, out, bias: 0, w: quads };
    quads += packedQuads(made);
    return made;
  };
  const products = [
    product("qkv", hidden, projected, x, qkv),
    product("residual", attended, hidden, attendedAt, x),
    product("swiglu", hidden, inner, x, innerAt),
    product("residual", inner, hidden, innerAt, x),
    product("logits", hidden, columns, x, logits),
  ].map((own, i) => ({ ...own, bias: biasPlaces[i] ?? 0 }));

  const state = new Uint32Array(STATE_HEADER + capacity * ROW_WORDS);
  state[0] = live;
  const tokens = Array.from({ length: live }, (_, row) => (row * 7 + 1) % vocab);
  const slots = Array.from({ length: live }, (_, row) => (row + 3) % live);
  for (let row = 0; row < live; row++) {
    const end = row % 3 === 0 ? 6 : 9; // every third row ends after this token, at position 6
    state.set([tokens[row]!, 5, 0, 0, 0, end, slots[row]!, row, 2], STATE_HEADER + row * ROW_WORDS);
  }
  const upload = (data: Float32Array) => gpu.upload("test", data);
  const packed = gpu.allocate("packed", quads * 16);
  biases.forEach((bias, i) => gpu.write(packed, bias, biasPlaces[i]! * 16));
  const block = 3;
  const buffers = {
    state: gpu.upload("state", state),
    products: gpu.upload("products", stepTable(products)),
    weights: packed,
    embeddings: upload(table),
    eos: gpu.upload("eos", Uint32Array.of(vocab + 1)),
    work: gpu.allocate("work", capacity * stride * 16),
    next: gpu.allocate("next", capacity * 4),
    emitted: gpu.allocate("emitted", capacity * block * 8),
  };
  const sources = [matrices.qkv, matrices.o, matrices.gateUp, matrices.down, table].map(upload);
  const norms = [first, undefined, second, undefined, last].map((norm) => norm && upload(norm));
  const shape = { rows: capacity, hidden, stride, eps, vocab, temperature, greedy: true, eosCount: 1 };
  const common = { ...shape, step: 1, block, numbers: 0 };
  await run((recorder) => {
    for (const [i, own] of products.entries()) {
      packForStep(recorder, { w: sources[i]!, norm: norms[i], out: packed }, own);
    }
    decodeStep(recorder, buffers, { ...common, first: 0, end: 1 }, "float32");
  });
  for (let row = 0; row < live; row++) {
    const own = attention.subarray(row * attended, (row + 1) * attended);
    gpu.write(buffers.work, own, (row * stride + attendedAt) * 16);
  }
  await run((recorder) => decodeStep(recorder, buffers, { ...common, first: 1, end: 5 }, "float32"));

  const embedded = Float64Array.from(tokens.flatMap((token) => [
    ...table.subarray(token * hidden, (token + 1) * hidden),
  ]));
  const plus = (n: number) => (value: number, i: number) => value + biases[n]![i % biases[n]!.length]!;
  const norm = (values: ArrayLike<number>, weight: Float32Array) =>
    rmsNormRef(Float64Array.from(values), weight, { rows: live, cols: hidden, eps }).out;
  const projections = matmulNNRef(norm(embedded, first), matrices.qkv, {
    rows: live,
    cols: projected,
    inner: hidden,
  }).map(plus(0));
  const middle = matmulNNRef(attention, matrices.o, { rows: live, cols: hidden, inner: attended })
    .map((value, i) => value + embedded[i]!).map(plus(1));
  const gates = matmulNNRef(norm(middle, second), matrices.gateUp, {
    rows: live,
    cols: 2 * inner,
    inner: hidden,
  }).map(plus(2));
  const gated = swigluRef(gates, { rows: live, cols: inner });
  const out = matmulNNRef(gated, matrices.down, { rows: live, cols: hidden, inner })
    .map((value, i) => value + middle[i]!).map(plus(3));
  const scores = matmulNTRef(norm(out, last), table, { rows: live, cols: columns, inner: hidden });

  const work = await gpu.readFloats(buffers.work);
  const part = (at: number, size: number) =>
    Array.from({ length: live }, (_, row) => {
      const begin = (row * stride + at) * 4;
      return [...work.subarray(begin, begin + size)];
    }).flat();
  assertClose(part(qkv, projected), projections, 1e-5, "projections");
  assertClose(part(innerAt, inner), gated, 1e-5, "SwiGLU");
  assertClose(part(x, hidden), out, 1e-5, "residual stream");
  assertClose(part(logits, columns), scores, 1e-5, "logits");
  assert.ok(work.subarray(live * stride * 4).every((value) => value === 0), "no row but the live ones");

  const next = await gpu.readWords(buffers.next);
  const emitted = await gpu.readWords(buffers.emitted);
  const floats = new Float32Array(emitted.buffer);
  for (let row = 0; row < live; row++) {
    const own = [...scores.subarray(row * columns, row * columns + vocab)].map((score) =>
      score / temperature
    );
    const highest = Math.max(...own);
    const token = own.indexOf(highest);
    const at = (slots[row]! * block + 1) * 2;
    assert.equal(emitted[at], token, `token of row ${row}`);
    const sum = own.reduce((total, score) => total + Math.exp(score - highest), 0);
    assert.ok(Math.abs(floats[at + 1]! + Math.log(sum)) < 1e-5, `log-probability of row ${row}`);
    assert.equal(next[row], row % 3 === 0 ? 0xffffffff : token, `what row ${row} is fed next`);
  }
  const free = Object.values(buffers);
  gpu.release(...free, ...sources, ...norms.filter((buffer) => buffer !== undefined));
}

describe("decodeStep()", { skip }, () => {
  const small = { hidden: 12, projected: 20, attended: 8, inner: 20, vocab: 11, temperature: 1 };
  const cases: Case[] = [
    { ...small, live: 1, capacity: 1 },
    { ...small, live: 3, capacity: 4, temperature: 0.7 },
    { ...small, live: 13, capacity: 17 },
    {
      live: 41,
      capacity: 43,
      hidden: 64,
      projected: 96,
      attended: 64,
      inner: 176,
      vocab: 130,
      temperature: 1.5,
    },
  ];
  for (const own of cases) {
    it(`takes ${own.live} of ${own.capacity} rows of width ${own.hidden} from token to token`, () =>
      check(own));
  }
});
