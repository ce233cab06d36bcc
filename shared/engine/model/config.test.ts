import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { configJson, inverseFrequencies, parseConfig, parseEos } from "./config.ts";

const base = {
  model_type: "llama",
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 176,
  vocab_size: 34,
};
const llama3 = {
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 64,
};

describe("parseConfig", () => {
  it("fills what a file leaves out as transformers does", () => {
    const config = parseConfig(base);
    assert.equal(config.head_dim, 16);
    assert.equal(config.num_key_value_heads, 4);
    assert.equal(config.rope_theta, 10000);
    assert.deepEqual(config.eos_token_ids, []);
    assert.equal(parseConfig({ ...base, model_type: "qwen2" }).attention_bias, true);
    assert.equal(parseConfig({ ...base, model_type: "qwen3" }).head_dim, 128);
    const contexts = ["llama", "mistral", "qwen2", "qwen3"].map((model_type) =>
      parseConfig({ ...base, model_type }).max_position_embeddings
    );
    assert.deepEqual(contexts, [2048, 131072, 32768, 32768]);
  });

  it("reads RoPE in the spellings of transformers 4 and 5", () => {
    const four = parseConfig({ ...base, rope_theta: 5e5, rope_scaling: { rope_type: "llama3", ...llama3 } });
    const old = parseConfig({ ...base, rope_theta: 5e5, rope_scaling: { type: "llama3", ...llama3 } });
    const rope_parameters = { rope_type: "llama3", rope_theta: 5e5, ...llama3 };
    const five = parseConfig({ ...base, rope_parameters });
    assert.deepEqual(four, five);
    assert.deepEqual(old, five);
    assert.deepEqual(five.rope_scaling, llama3);
  });

  it("reads back what configJson writes", () => {
    for (const model_type of ["llama", "mistral", "qwen2", "qwen3"]) {
      const config = parseConfig({ ...base, model_type, eos_token_id: [1, 2], rope_theta: 1000 });
      assert.deepEqual(parseConfig(JSON.parse(JSON.stringify(configJson(config, "float32")))), config);
    }
  });

  it("takes eos as a number, a list, null or nothing", () => {
    assert.deepEqual(parseEos({ eos_token_id: 3 }), [3]);
    assert.deepEqual(parseEos({ eos_token_id: [3, 4] }), [3, 4]);
    assert.deepEqual(parseEos({ eos_token_id: null }), []);
    assert.deepEqual(parseEos({}), []);
    assert.throws(() => parseEos({ eos_token_id: "x" }), /eos_token_id as it must be a number/);
  });

  const refusals: [Record<string, unknown>, RegExp][] = [
    [
      { model_type: "gpt2" },
      /^Cannot read config.json as model_type must be one of llama, mistral, qwen2, qwen3: current value is "gpt2"$/,
    ],
    [
      { hidden_size: "x" },
      /^Cannot read config.json as hidden_size must be of type number: current value is "x"$/,
    ],
    [
      { rope_scaling: { rope_type: "yarn" } },
      /RoPE type must be one of default, llama3: current value is "yarn"$/,
    ],
    [{ rope_scaling: { rope_type: "llama3" } }, /llama3 RoPE needs factor$/],
    [{ hidden_act: "gelu" }, /hidden_act must be "silu": current value is gelu$/],
    [{ attention_bias: true }, /attention_bias must be false in a llama model: current value is true$/],
    [{ mlp_bias: true }, /mlp_bias must be false: current value is true$/],
    [{ sliding_window: 0 }, /^Cannot read config.json as sliding_window must be .*: current value is 0$/],
    [{ intermediate_size: 30 }, /intermediate_size must be a multiple of 4: current value is 30$/],
    [{ num_key_value_heads: 3 }, /num_key_value_heads must be a divisor of 4: current value is 3$/],
  ];
  for (const [change, message] of refusals) {
    it(`refuses ${JSON.stringify(change)}`, () => {
      assert.throws(() => parseConfig({ ...base, ...change }), { message });
    });
  }
});

describe("inverseFrequencies", () => {
  it("leaves fast pairs, divides slow ones and blends between, for llama3", () => {
    const config = parseConfig({
      ...base,
      rope_parameters: { rope_type: "llama3", rope_theta: 100, ...llama3 },
    });
    const plain = inverseFrequencies(parseConfig({ ...base, rope_theta: 100 }));
    const ratio = inverseFrequencies(config).map((value, i) => plain[i]! / value);
    assert.equal(ratio[0], 1); // 64 / 2 pi = 10.2 turns > 4
    assert.equal(ratio[7], 8); // 0.18 turns < 1
    assert.ok(ratio[3]! > 1 && ratio[3]! < 8); // 1.8 turns
  });
});
