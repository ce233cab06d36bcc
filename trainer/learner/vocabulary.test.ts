// The vocabulary of Qwen2.5 on an adapter that binds 128 MiB at most, as lavapipe does: WebGPU itself refuses a
// larger binding there, so nothing but parts of the matrix can work. About 0.7 GB of GPU memory.
//
// The block's matrices are zero, so it hands its input on, and a few lines of f64 are the reference of everything.

import assert from "node:assert/strict";
import { it } from "node:test";
import { assertClose, noise, testGpu } from "#shared/engine/gpu/testing.ts";
import { parseConfig } from "#shared/engine/model/config.ts";
import { rowShards } from "#shared/engine/model/shards.ts";
import { Model } from "#shared/engine/model/weights.ts";
import { Learner } from "./learner.ts";
import { Optimizer } from "./optimizer.ts";

const [VOCABULARY, HIDDEN] = [151936, 256];
const config = parseConfig({
  model_type: "qwen2",
  hidden_size: HIDDEN,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 64,
  vocab_size: VOCABULARY,
  tie_word_embeddings: true,
});
const ids = [3, 151935, 9, 131071, 70000, 131072, 5];
const PROMPT = 2;
const coefficients = noise(ids.length - PROMPT, 1);
/** At the edges of the parts and between: tokens of the sequence and others. */
const ROWS = [0, 9, 70000, 131070, 131071, 131072, 131073, 151934, 151935];
const settings = {
  adam_beta1: 0.9,
  adam_beta2: 0.999,
  adam_epsilon: 1e-5,
  weight_decay: 0.1,
  max_grad_norm: 0,
};
const LEARNING_RATE = 0.01;

/** Log-probs and the gradient rows of `ROWS` for the embeddings E, x = E[id], logits = norm(x) E^T, tied. */
function reference(table: Float32Array) {
  const row = (v: number) => table.subarray(v * HIDDEN, (v + 1) * HIDDEN);
  const gradients = new Map(ROWS.map((v) => [v, new Float64Array(HIDDEN)]));
  const add = (v: number, factor: number, vector: ArrayLike<number>) =>
    gradients.get(v)?.forEach((_, i, own) => own[i]! += factor * vector[i]!);
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
    let sum = 0;
    for (let i = 0; i < HIDDEN; i++) sum += a[i]! * b[i]!;
    return sum;
  };
  const logProbs = Array.from(coefficients, (coefficient, i) => {
    const [input, target] = [ids[PROMPT + i - 1]!, ids[PROMPT + i]!];
    const rstd = 1 / Math.sqrt(dot(row(input), row(input)) / HIDDEN + config.rms_norm_eps);
    const normed = Float64Array.from(row(input), (x) => x * rstd);
    const logits = Float64Array.from({ length: VOCABULARY }, (_, v) => dot(normed, row(v)));
    const lse = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
    const dnormed = new Float64Array(HIDDEN);
    for (let v = 0; v < VOCABULARY; v++) {
      const dlogit = coefficient * ((v === target ? 1 : 0) - Math.exp(logits[v]! - lse));
      const own = row(v);
      for (let j = 0; j < HIDDEN; j++) dnormed[j]! += dlogit * own[j]!;
      add(v, dlogit, normed);
    }
    const along = dot(dnormed, normed) / HIDDEN;
    add(input, rstd, dnormed.map((d, j) => d - normed[j]! * along));
    return logits[target]! - lse;
  });
  return { logProbs, gradients };
}

it("trains 151,936 rows of 256 numbers in bindings of 128 MiB", { timeout: 120_000 }, async (test) => {
  const gpu = await testGpu();
  const { maxBufferSize } = gpu.device.limits;
  const bytes = VOCABULARY * HIDDEN * 4;
  if (maxBufferSize < bytes) return test.skip(`a buffer of this adapter holds ${maxBufferSize} bytes only`);
  const limit = gpu.bindingBytes;
  gpu.bindingBytes = Math.min(limit, 128 << 20);
  const model = new Model(gpu, config);
  const { embed_tokens, layers, norm } = model;
  const table = noise(VOCABULARY * HIDDEN, 1, 0.3);
  gpu.write(embed_tokens.buffer, table);
  for (const { buffer } of [layers[0]!.input_layernorm, layers[0]!.post_attention_layernorm, norm]) {
    gpu.write(buffer, new Float32Array(HIDDEN).fill(1));
  }
  assert.deepEqual(rowShards(gpu, embed_tokens).map(({ count }) => count), [131072, 20864]);
  const learner = new Learner(model, { micro_batch_tokens: 16, temperature: 1 });
  const optimizer = new Optimizer(model, learner.gradients.buffers, settings);

  const pass = await learner.forward([{ ids, prompt_length: PROMPT }]);
  await learner.backward(pass, [coefficients]);
  const expected = reference(table);
  assertClose(pass.logprobs[0]!, expected.logProbs, 1e-5, "log-probs");
  const gradient = await gpu.readFloats(learner.gradients.of(embed_tokens));
  const row = (data: Float32Array, v: number) => data.subarray(v * HIDDEN, (v + 1) * HIDDEN);
  for (const [v, own] of expected.gradients) {
    const size = Math.hypot(...own);
    const error = Math.hypot(...row(gradient, v).map((g, i) => g - own[i]!)) / size;
    assert.ok(size > 0 && error < 1e-4, `gradient of row ${v}: relative error ${error} of ${size}`);
  }

  let squares = 0;
  for (const parameter of model.parameters()) {
    const data = parameter === embed_tokens
      ? gradient
      : await gpu.readFloats(learner.gradients.of(parameter));
    squares += data.reduce((sum, g) => sum + g * g, 0);
  }
  const { grad_norm } = await optimizer.step(LEARNING_RATE);
  assertClose([grad_norm / Math.sqrt(squares)], [1], 1e-5, "gradient norm");
  for (const v of ROWS) {
    const own = row(gradient, v);
    const updated = Float64Array.from(row(table, v), (w, i) => {
      const step = own[i]! / (Math.abs(own[i]!) + settings.adam_epsilon); // the first step's m / sqrt(v)
      return w * (1 - LEARNING_RATE * settings.weight_decay) - LEARNING_RATE * step;
    });
    assertClose(
      await gpu.readFloats(embed_tokens.buffer, HIDDEN, v * HIDDEN),
      updated,
      1e-6,
      `row ${v} after AdamW`,
    );
  }
  for (const part of [optimizer, learner, model]) part.destroy();
  gpu.bindingBytes = limit;
});
