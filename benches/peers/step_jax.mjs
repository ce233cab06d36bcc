// One training step of @jax-js/jax on WebGPU, timed for benches/training_step.ts. Argument: the model's name.
// valueAndGrad and Adam are in one jit, so that the library can fuse what it likes.

import process from "node:process";
import { randomWeights } from "#shared/engine/model/initialise.ts";
import { parameterLayouts } from "#shared/engine/model/weights.ts";
import { openWebGpu, peer } from "./peer.mjs";
import { ADAM, batch, MODELS, rope, SEQUENCES, TOKENS } from "./step.ts";
import { medianStep } from "./step_timing.ts";

const gpu = await openWebGpu();
const { defaultDevice, init, jit, nn, numpy: np, tree, valueAndGrad } = await peer("@jax-js/jax");
if (!(await init("webgpu")).includes("webgpu")) throw new Error("Cannot run jax-js as it finds no WebGPU");
defaultDevice("webgpu");

const config = MODELS[process.argv[2]];
const { num_attention_heads: heads, num_key_value_heads: kvHeads, head_dim } = config;
const [rows, half, group] = [SEQUENCES * TOKENS, head_dim / 2, heads / kvHeads];
const [qSize, kvSize] = [heads * head_dim, kvHeads * head_dim];

const random = randomWeights(config, 1);
const parameters = Object.fromEntries(
  parameterLayouts(config).map(({ name, rows, cols }) => {
    const data = np.array(random.get(name));
    return [name, rows === 1 ? data : data.reshape([rows, cols])];
  }),
);
const tokens = batch(config);
const table = rope(config);
const constants = {
  ids: np.array(Int32Array.from(tokens.flatMap((row) => row.slice(0, -1))), { dtype: np.int32 }),
  targets: np.array(Int32Array.from(tokens.flatMap((row) => row.slice(1))), { dtype: np.int32 }),
  cos: np.array(table.cos).reshape([1, TOKENS, 1, half]),
  sin: np.array(table.sin).reshape([1, TOKENS, 1, half]),
};

function norm(x, weight) {
  const mean = np.mean(np.square(x.ref), -1, { keepdims: true });
  return x.mul(np.reciprocal(np.sqrt(mean.add(config.rms_norm_eps)))).mul(weight);
}

/** (sequences, tokens, heads, head_dim) */
function rotate(x, { cos, sin }) {
  const a = x.ref.slice([], [], [], [0, half]);
  const b = x.slice([], [], [], [half, head_dim]);
  const first = a.ref.mul(cos.ref).sub(b.ref.mul(sin.ref));
  const second = b.mul(cos.ref).add(a.mul(sin.ref));
  return np.concatenate([first, second], 3);
}

/** Query heads of one key head are rows of one product, so that keys and values are not repeated. */
function attention(qkv, constants) {
  const cut = (from, size, count) =>
    qkv.ref.slice([], [from, from + size]).reshape([SEQUENCES, TOKENS, count, head_dim]);
  const q = rotate(cut(0, qSize, heads), constants).transpose([0, 2, 1, 3])
    .reshape([SEQUENCES, kvHeads, group * TOKENS, head_dim]);
  const k = rotate(cut(qSize, kvSize, kvHeads), constants).transpose([0, 2, 3, 1]);
  const v = cut(qSize + kvSize, kvSize, kvHeads).transpose([0, 2, 1, 3]);
  qkv.dispose();
  const scores = np.matmul(q, k).mul(head_dim ** -0.5)
    .reshape([SEQUENCES, kvHeads, group, TOKENS, TOKENS]);
  const causal = np.tri(TOKENS, TOKENS, 0, { dtype: np.bool });
  const shares = nn.softmax(np.where(causal, scores, -1e30), -1)
    .reshape([SEQUENCES, kvHeads, group * TOKENS, TOKENS]);
  return np.matmul(shares, v).reshape([SEQUENCES, heads, TOKENS, head_dim]).transpose([0, 2, 1, 3])
    .reshape([rows, qSize]);
}

function loss(p, constants) {
  const embed = p.embed_tokens;
  // A product with one-hot rows: faster here than the gather, whose gradient is a scatter.
  let x = np.matmul(nn.oneHot(constants.ids.ref, config.vocab_size), embed.ref);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const weight = (name) => p[`layers.${i}.${name}`];
    const qkv = np.matmul(norm(x.ref, weight("input_layernorm")), weight("qkv"));
    x = x.add(np.matmul(attention(qkv, constants), weight("o_proj")));
    const both = np.matmul(norm(x.ref, weight("post_attention_layernorm")), weight("gate_up"));
    const gate = both.ref.slice([], [0, config.intermediate_size]);
    const up = both.slice([], [config.intermediate_size, 2 * config.intermediate_size]);
    x = x.add(np.matmul(nn.silu(gate).mul(up), weight("down_proj")));
  }
  const logits = np.matmul(norm(x, p.norm), embed.transpose());
  const chosen = nn.logSoftmax(logits, -1).mul(nn.oneHot(constants.targets.ref, config.vocab_size));
  return np.sum(chosen).mul(-1 / rows);
}

const update = jit(function update(p, m, v, correction1, correction2, constants) {
  const [value, gradients] = valueAndGrad(loss)(tree.ref(p), constants);
  const next = { p: {}, m: {}, v: {} };
  let squares = np.array(0);
  for (const name of Object.keys(p)) {
    const g = gradients[name];
    squares = squares.add(np.sum(np.square(g.ref)));
    const m1 = m[name].mul(ADAM.beta1).add(g.ref.mul(1 - ADAM.beta1));
    const v1 = v[name].mul(ADAM.beta2).add(np.square(g).mul(1 - ADAM.beta2));
    const change = m1.ref.mul(correction1.ref).div(np.sqrt(v1.ref.mul(correction2.ref)).add(ADAM.eps));
    next.p[name] = p[name].sub(change.mul(ADAM.lr));
    [next.m[name], next.v[name]] = [m1, v1];
  }
  return [next, value, np.sqrt(squares)];
});

let state = {
  p: parameters,
  m: tree.map((x) => np.zeros(x.shape), parameters),
  v: tree.map((x) => np.zeros(x.shape), parameters),
};
let count = 0;
const steps = await medianStep(async () => {
  count++;
  const corrections = [ADAM.beta1, ADAM.beta2].map((beta) => np.array(1 / (1 - beta ** count)));
  const [next, value, norm] = update(state.p, state.m, state.v, ...corrections, tree.ref(constants));
  state = next;
  const [[loss], [grad_norm]] = [await value.data(), await norm.data()];
  return { loss, grad_norm };
});
console.log(JSON.stringify({ adapter: gpu.description, ...steps }));
process.exit(0);
