import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { configJson, parseConfig, parseEos, USED_KEYS } from "./config.ts";
import { REFUSED_KEYS, WITHOUT_EFFECT } from "./config_keys.ts";
import { readJson } from "#shared/io/files.ts";

const base = {
  model_type: "llama",
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  intermediate_size: 176,
  vocab_size: 34,
};
const llama3 = {
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 64,
};

const rope = ({ rope_theta, rope_scaling }: ReturnType<typeof parseConfig>) => ({ rope_theta, rope_scaling });

describe("parseConfig", () => {
  it("fills what a file leaves out as transformers does", () => {
    const config = parseConfig(base);
    assert.equal(config.head_dim, 16);
    assert.equal(config.rope_theta, 10000);
    assert.deepEqual(config.eos_token_ids, [2]);
    assert.equal(parseConfig({ ...base, model_type: "qwen2" }).qkv_bias, true);
    assert.equal(parseConfig({ ...base, model_type: "smollm3" }).tie_word_embeddings, true);
    const kvHeads = (own: object) =>
      parseConfig({ ...base, num_key_value_heads: undefined, ...own }).num_key_value_heads;
    assert.equal(kvHeads({}), 4);
    assert.equal(kvHeads({ num_attention_heads: 8, model_type: "mistral" }), 8);
    assert.equal(kvHeads({ model_type: "smollm3" }), 4);
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
    assert.deepEqual(rope(four), rope(five));
    assert.deepEqual(rope(old), rope(five));
    assert.deepEqual(five.rope_scaling, { rope_type: "llama3", ...llama3 });
  });

  it("reads back what configJson writes", () => {
    for (const model_type of ["llama", "mistral", "qwen2", "qwen3"]) {
      const config = parseConfig({ ...base, model_type, eos_token_id: [1, 2], rope_theta: 1000 });
      const { file: _, ...again } = parseConfig(JSON.parse(JSON.stringify(configJson(config, "float32"))));
      assert.deepEqual({ ...again, file: config.file }, config);
    }
  });

  it("keeps the keys of a file that it does not use, but for the name of its code", () => {
    const file = { ...base, pad_token_id: 7, auto_map: { AutoModel: "x.Y" }, eos_token_id: [1, 2] };
    const { auto_map, pad_token_id, eos_token_id } = configJson(parseConfig(file), "float32");
    assert.deepEqual({ auto_map, pad_token_id, eos_token_id }, {
      auto_map: undefined,
      pad_token_id: 7,
      eos_token_id: [1, 2],
    });
  });

  it("knows every key that transformers reads (fixtures/config_keys.py)", () => {
    const known = new Set([...USED_KEYS, ...REFUSED_KEYS, ...WITHOUT_EFFECT]);
    const read = readJson(`${import.meta.dirname}/fixtures/config_keys.json`) as Record<string, string[]>;
    assert.deepEqual(Object.keys(read).sort(), ["llama", "mistral", "qwen2", "qwen3", "smollm3"]);
    for (const [type, keys] of Object.entries(read)) {
      assert.ok(keys.length > 20, type);
      assert.deepEqual(keys.filter((key) => !known.has(key)), [], type);
    }
  });

  it("takes what changes nothing", () => {
    const neutral = {
      ...base,
      rope_theta: null,
      rope_parameters: { rope_theta: 1e6, rope_type: "default" },
      hidden_act: "swish",
      eos_token_id: -1,
      is_causal: true,
      quantization_config: null,
      layer_types: ["full_attention", "full_attention"],
    };
    // What these architectures do not read, whatever it is.
    parseConfig({ ...base, model_type: "qwen2", use_sliding_window: false, sliding_window: 0 });
    parseConfig({
      ...base,
      model_type: "mistral",
      attention_bias: null,
      mlp_bias: null,
      max_window_layers: null,
    });
    const config = parseConfig(neutral);
    assert.deepEqual([config.rope_theta, config.eos_token_ids], [1e6, []]);
  });

  it("takes rope_scaling before rope_parameters, theta of which is then not read", () => {
    const both = {
      rope_scaling: { rope_type: "linear", factor: 2 },
      rope_parameters: { rope_type: "yarn", rope_theta: 5e5 },
    };
    assert.deepEqual(rope(parseConfig({ ...base, ...both })), {
      rope_theta: 1e4,
      rope_scaling: { rope_type: "linear", factor: 2 },
    });
    const empty = parseConfig({ ...base, rope_scaling: {}, rope_parameters: { rope_theta: 5e5 } });
    assert.equal(empty.rope_theta, 5e5);
  });

  it("reads which layers see a window and which rotate", () => {
    const four = { ...base, num_hidden_layers: 4, use_sliding_window: true, sliding_window: 8 };
    const layers = (own: Record<string, unknown>) => parseConfig({ ...four, ...own }).layers;
    const windows = (own: Record<string, unknown>) => layers(own).map(({ window }) => window);
    assert.deepEqual(windows({ model_type: "qwen2", max_window_layers: 2 }), [null, null, 8, 8]);
    const layer_types = ["sliding_attention", "full_attention", "attention", "sliding_attention"];
    assert.deepEqual(windows({ model_type: "qwen3", layer_types }), [8, null, null, 8]);
    assert.deepEqual(windows({ model_type: "mistral" }), [8, 8, 8, 8]);
    const nope = layers({ model_type: "smollm3", use_sliding_window: false });
    assert.deepEqual(nope.map((own) => own.rope), [true, true, true, false]);
    const listed = layers({ model_type: "smollm3", no_rope_layers: [0, 1, 1, 0] });
    assert.deepEqual(listed.map((own) => own.rope), [false, true, true, false]);
    assert.deepEqual(listed.map(({ window }) => window), [8, null, null, 8]);
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
      /^Cannot read config.json as model_type must be one of llama, mistral, qwen2, qwen3, smollm3: current value is "gpt2"$/,
    ],
    [
      { model_type: "gemma3", vocab_size: undefined, rope_scaling: { rope_type: "x" } },
      /current value is "gemma3"$/,
    ],
    [
      { architectures: ["LlamaForSequenceClassification"] },
      /architectures must be LlamaForCausalLM: current value is LlamaForSequenceClassification$/,
    ],
    [{ is_causal: false }, /is_causal must be true or absent: current value is false$/],
    [{ is_causal: null }, /is_causal must be true or absent: current value is null$/],
    [
      { per_layer_config: { 0: { head_dim: 8 } } },
      /per_layer_config must be null or absent: current value is \{/,
    ],
    [{ quantization_config: { quant_method: "gptq" } }, /quantization_config must be null or absent: .*gptq/],
    [{ transformers_weights: "other.safetensors" }, /transformers_weights must be null or absent/],
    [{ attention_dropout: 0.1 }, /attention_dropout must be 0 or null or absent: current value is 0.1$/],
    [{ sliding_window: 8 }, /sliding_window must be null in a llama model: current value is 8$/],
    [
      { layer_types: ["full_attention", "sliding_attention"] },
      /layer_types must be full_attention in a llama/,
    ],
    [{ model_type: "mistral", layer_types: null }, /layer_types must be absent in a mistral model/],
    [{ model_type: "qwen3", layer_types: ["full_attention"] }, /layer_types must be a list of 2 types/],
    [
      { model_type: "qwen3", layer_types: ["full_attention", "mamba"] },
      /layer_types must be .*: current value is mamba$/,
    ],
    [
      { model_type: "qwen3", layer_types: ["full_attention", "sliding_attention"] },
      /use_sliding_window must be true with a sliding_window .*: current value is undefined$/,
    ],
    [{ model_type: "smollm3", no_rope_layers: [1] }, /no_rope_layers must be a list of 2 numbers/],
    [{ partial_rotary_factor: 0.5 }, /partial_rotary_factor must be 1: current value is 0.5$/],
    [{ rope_theta: null }, /rope_theta must be a number: current value is null$/],
    [
      { model_type: "qwen3", rope_parameters: { full_attention: { rope_type: "default" } } },
      /rope_parameters.full_attention must be absent/,
    ],
    [
      { rope_parameters: { rope_type: "yarn", factor: "4" } },
      /rope_parameters.factor must be a number: current value is 4$/,
    ],
    [
      { hidden_size: "x" },
      /^Cannot read config.json as hidden_size must be of type number: current value is "x"$/,
    ],
    [
      { rope_scaling: { rope_type: "longrope" } },
      /RoPE type must be one of default, linear, dynamic, llama3, yarn: current value is "longrope"$/,
    ],
    [{ rope_scaling: { rope_type: "llama3" } }, /llama3 RoPE needs low_freq_factor$/],
    [{ hidden_act: "gelu" }, /hidden_act must be "silu": current value is gelu$/],
    [{ sliding_window: 0 }, /^Cannot read config.json as sliding_window must be .*: current value is 0$/],
    [
      { model_type: "mistral", sliding_window: -1 },
      /sliding_window must be a positive number or null: current/,
    ],
    [{ rope_theta: -1 }, /rope_theta must be positive: current value is -1$/],
    [
      { rope_theta: 1, rope_scaling: { rope_type: "yarn", factor: 4 } },
      /rope_theta must be other than 1 with yarn: current value is 1$/,
    ],
    [{ intermediate_size: 30 }, /intermediate_size must be a multiple of 4: current value is 30$/],
    [{ num_key_value_heads: 3 }, /num_key_value_heads must be a divisor of 4: current value is 3$/],
  ];
  for (const [change, message] of refusals) {
    it(`refuses ${JSON.stringify(change)}`, () => {
      assert.throws(() => parseConfig({ ...base, ...change }), { message });
    });
  }
});
