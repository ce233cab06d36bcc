// One training step of @tensorflow/tfjs on WebGPU, timed for benches/training_step.ts. Argument: the model's name.

import process from "node:process";
import { randomWeights } from "#shared/engine/model/initialise.ts";
import { parameterLayouts } from "#shared/engine/model/weights.ts";
import { openWebGpu, peer } from "./peer.mjs";
import { ADAM, batch, MODELS, rope, SEQUENCES, TOKENS } from "./step.ts";
import { medianStep } from "./step_timing.ts";

const gpu = await openWebGpu();
const tf = await peer("@tensorflow/tfjs");
await peer("@tensorflow/tfjs-backend-webgpu");
await tf.setBackend("webgpu");
await tf.ready();

const config = MODELS[process.argv[2]];
const { num_attention_heads: heads, num_key_value_heads: kvHeads, head_dim } = config;
const [rows, group] = [SEQUENCES * TOKENS, heads / kvHeads];
const [qSize, kvSize] = [heads * head_dim, kvHeads * head_dim];

const random = randomWeights(config, 1);
const p = Object.fromEntries(
  parameterLayouts(config).map((layout) => {
    const shape = layout.rows === 1 ? [layout.cols] : [layout.rows, layout.cols];
    return [layout.name, tf.variable(tf.tensor(random.get(layout.name), shape), true, layout.name)];
  }),
);
const tokens = batch(config);
const ids = tf.tensor1d(tokens.flatMap((row) => row.slice(0, -1)), "int32");
const targets = tf.oneHot(tf.tensor1d(tokens.flatMap((row) => row.slice(1)), "int32"), config.vocab_size);
const table = rope(config);
const cos = tf.tensor(table.cos, [1, TOKENS, 1, head_dim / 2]);
const sin = tf.tensor(table.sin, [1, TOKENS, 1, head_dim / 2]);
const mask = tf.tensor(
  Float32Array.from({ length: TOKENS * TOKENS }, (_, i) => i % TOKENS > Math.floor(i / TOKENS) ? -1e30 : 0),
  [1, 1, 1, TOKENS, TOKENS],
);

function norm(x, weight) {
  const scale = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), config.rms_norm_eps));
  return tf.mul(tf.mul(x, scale), weight);
}

/** (sequences, tokens, heads, head_dim) */
function rotate(x) {
  const [a, b] = tf.split(x, 2, 3);
  const first = tf.sub(tf.mul(a, cos), tf.mul(b, sin));
  const second = tf.add(tf.mul(b, cos), tf.mul(a, sin));
  return tf.concat([first, second], 3);
}

/** Query heads of one key head are rows of one product, so that keys and values are not repeated. */
function attention(qkv) {
  const [q, k, v] = tf.split(qkv, [qSize, kvSize, kvSize], 1)
    .map((part) => tf.reshape(part, [SEQUENCES, TOKENS, -1, head_dim]));
  const byHead = (x) => tf.transpose(x, [0, 2, 1, 3]);
  const queries = tf.reshape(byHead(rotate(q)), [SEQUENCES, kvHeads, group * TOKENS, head_dim]);
  const scores = tf.mul(tf.matMul(queries, byHead(rotate(k)), false, true), head_dim ** -0.5);
  const masked = tf.add(tf.reshape(scores, [SEQUENCES, kvHeads, group, TOKENS, TOKENS]), mask);
  const shares = tf.reshape(tf.softmax(masked), scores.shape);
  const out = tf.reshape(tf.matMul(shares, byHead(v)), [SEQUENCES, heads, TOKENS, head_dim]);
  return tf.reshape(byHead(out), [rows, qSize]);
}

function loss() {
  let x = tf.gather(p.embed_tokens, ids);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const weight = (name) => p[`layers.${i}.${name}`];
    const qkv = tf.matMul(norm(x, weight("input_layernorm")), weight("qkv"));
    x = tf.add(x, tf.matMul(attention(qkv), weight("o_proj")));
    const both = tf.matMul(norm(x, weight("post_attention_layernorm")), weight("gate_up"));
    const [gate, up] = tf.split(both, 2, 1);
    x = tf.add(x, tf.matMul(tf.mul(tf.mul(gate, tf.sigmoid(gate)), up), weight("down_proj")));
  }
  const logits = tf.matMul(norm(x, p.norm), p.embed_tokens, false, true);
  return tf.mul(tf.sum(tf.mul(tf.logSoftmax(logits), targets)), -1 / rows);
}

const optimizer = tf.train.adam(ADAM.lr, ADAM.beta1, ADAM.beta2, ADAM.eps);
const steps = await medianStep(async () => {
  const { value, grads } = tf.variableGrads(loss);
  // Not addN: it binds all its inputs at once, more buffers than a shader may have.
  const norm = tf.tidy(() => {
    const squares = Object.values(grads).map((g) => tf.sum(tf.square(g)));
    return tf.sqrt(squares.reduce((a, b) => tf.add(a, b)));
  });
  optimizer.applyGradients(grads);
  const [[lost], [grad_norm]] = [await value.data(), await norm.data()];
  tf.dispose([value, norm, grads]);
  return { loss: lost, grad_norm };
});
console.log(JSON.stringify({ adapter: gpu.description, ...steps }));
process.exit(0);
