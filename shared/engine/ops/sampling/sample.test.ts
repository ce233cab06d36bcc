// Draws against the softmax they should come from: chi-square at committed seeds.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { noise, testGpu } from "#shared/engine/gpu/testing.ts";
import { Recorder } from "#shared/engine/gpu/recorder.ts";
import { ROW_WORDS, STATE_HEADER } from "#shared/engine/ops/decode/decode.ts";
import { sampleScratchBytes, sampleTokens } from "./sample.ts";
import { randomKeys } from "./random.ts";

const ROWS = 1000;
const BATCHES = 100;

/** 100,000 draws from one row of logits, each with keys of its own, as (count a token, largest log-prob error). */
async function draw(logits: Float32Array, vocab: number, temperature: number, seed: number) {
  const gpu = await testGpu();
  const recorder = new Recorder(gpu);
  const buffers = {
    state: gpu.allocate("state", (STATE_HEADER + ROWS * ROW_WORDS) * 4),
    logits: gpu.upload("logits", logits),
    partials: gpu.allocate("partials", sampleScratchBytes(ROWS, vocab)),
    eos: gpu.allocate("eos", 4),
    next: gpu.allocate("next", ROWS * 4),
    emitted: gpu.allocate("emitted", ROWS * BATCHES * 8),
  };
  const shape = { rows: ROWS, vocab, stride: 0, temperature, greedy: false, eosCount: 0, block: BATCHES };
  for (let step = 0; step < BATCHES; step++) {
    const state = new Uint32Array(STATE_HEADER + ROWS * ROW_WORDS);
    state[0] = ROWS;
    for (let row = 0; row < ROWS; row++) {
      const [keyA, keyB] = randomKeys([seed, 0, 0, row]);
      state.set([0, step, 0, 0, 0, 0, row, keyA, keyB], STATE_HEADER + row * ROW_WORDS);
    }
    gpu.write(buffers.state, state);
    sampleTokens(recorder, buffers, { ...shape, step }); // stride 0: every row reads the same logits
    recorder.submit();
  }
  const emitted = await gpu.readWords(buffers.emitted);
  const logProbs = new Float32Array(emitted.buffer);
  recorder.destroy();
  gpu.release(...Object.values(buffers));
  const log = logSoftmax(logits.subarray(0, vocab), temperature);
  const counts = new Float64Array(vocab);
  let error = 0;
  for (let i = 0; i < emitted.length; i += 2) {
    const token = emitted[i]!;
    counts[token]!++;
    error = Math.max(error, Math.abs(logProbs[i + 1]! - log[token]!));
  }
  return { counts, error, log };
}

function logSoftmax(logits: Float32Array, temperature: number): Float64Array {
  const x = Float64Array.from(logits, (value) => value / temperature);
  const total = Math.log(x.reduce((sum, value) => sum + Math.exp(value), 0));
  return x.map((value) => value - total);
}

/**
 * The chi-square statistic as a standard normal (Wilson and Hilferty 1931); tokens expected fewer than ten times
 * are counted together.
 */
function chiSquareZ(counts: Float64Array, log: Float64Array): number {
  const draws = ROWS * BATCHES;
  let [statistic, cells, rareCount, rareExpected] = [0, 0, 0, 0];
  for (const [token, count] of counts.entries()) {
    const expected = draws * Math.exp(log[token]!);
    if (expected < 10) {
      rareCount += count;
      rareExpected += expected;
      continue;
    }
    statistic += (count - expected) ** 2 / expected;
    cells++;
  }
  if (rareExpected > 0) {
    statistic += (rareCount - rareExpected) ** 2 / rareExpected;
    cells++;
  }
  const spread = 2 / (9 * (cells - 1));
  return (Math.cbrt(statistic / (cells - 1)) - (1 - spread)) / Math.sqrt(spread);
}

describe("sample", () => {
  for (const vocab of [34, 4099]) {
    for (const temperature of [1, 0.7]) {
      for (const seed of [1, 2, 3]) {
        it(`draws from the softmax of ${vocab} logits at T = ${temperature}, seed ${seed}`, {
          timeout: 120_000,
        }, async (t) => {
          if (vocab > 1000 && seed > 1 && /swiftshader/i.test(JSON.stringify((await testGpu()).facts))) {
            return t.skip(
              "SwiftShader is ten times slower than lavapipe, where all seeds are drawn: one here",
            );
          }
          const logits = new Float32Array(Math.ceil(vocab / 4) * 4).fill(50); // padding would always win
          logits.set(noise(vocab, 11, 3));
          const { counts, error, log } = await draw(logits, vocab, temperature, seed);
          const z = chiSquareZ(counts, log);
          assert.ok(Math.abs(z) < 3.0902, `chi-square p is outside 0.001 to 0.999: z = ${z}`);
          assert.ok(error < 1e-5, `largest error of a log-probability is ${error}`);
        });
      }
    }
  }

  it("takes the first of the largest logits when greedy", async () => {
    const gpu = await testGpu();
    const recorder = new Recorder(gpu);
    const vocab = 2051;
    const logits = new Float32Array(2 * 2052).fill(-1);
    logits.set([5, 9], 700);
    logits[1500] = 9;
    logits[2052 + 2050] = 1;
    const state = new Uint32Array(STATE_HEADER + 2 * ROW_WORDS);
    state.set([2, 0, 4, 0, 0, 0, 9, 1], 0); // slots 1 and 0; the first row ends at position 9
    state[STATE_HEADER + ROW_WORDS + 5] = 1;
    const buffers = {
      state: gpu.upload("state", state),
      logits: gpu.upload("logits", logits),
      partials: gpu.allocate("partials", sampleScratchBytes(2, vocab)),
      eos: gpu.upload("eos", Uint32Array.of(3, 701)),
      next: gpu.allocate("next", 8),
      emitted: gpu.allocate("emitted", 16),
    };
    sampleTokens(recorder, buffers, {
      rows: 2,
      vocab,
      stride: 2052,
      temperature: 1,
      greedy: true,
      eosCount: 2,
      step: 0,
      block: 1,
    });
    recorder.submit();
    const emitted = await gpu.readWords(buffers.emitted);
    assert.deepEqual([emitted[0], emitted[2]], [2050, 701]);
    // 701 is an end token; 2050 was sampled at the row's last position.
    assert.deepEqual([...await gpu.readWords(buffers.next)], [0xffffffff, 0xffffffff]);
    recorder.destroy();
    gpu.release(...Object.values(buffers));
  });
});
