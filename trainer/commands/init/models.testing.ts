// Models to try recipes on: directories that are small and complete.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "#shared/engine/model/load.ts";
import { parameterLayouts } from "#shared/engine/model/weights.ts";
import { Random } from "#shared/problems/rng.ts";
import { writeSafetensors } from "#shared/io/safetensors_writer.ts";

/** A tokenizer of one token for every ASCII character, with a chat template that has a system turn. */
export function asciiTokenizerFiles() {
  const characters = ["\n", ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))];
  const vocab = Object.fromEntries(["<unk>", "<eos>", ...characters].map((token, id) => [token, id]));
  return {
    tokenizer: {
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: { type: "Fuse" },
      model: { type: "BPE", vocab, merges: [], unk_token: "<unk>" },
    },
    config: {
      unk_token: "<unk>",
      eos_token: "<eos>",
      chat_template: "{% for m in messages %}{{ m.content }}\n{% endfor %}",
    },
  };
}

/** Writes a model directory of that tokenizer, whose weights are all zero. */
export function writeAsciiModel(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const { tokenizer, config } = asciiTokenizerFiles();
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(tokenizer));
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify(config));
  writeFileSync(
    join(folder, "config.json"),
    JSON.stringify({
      model_type: "qwen2",
      architectures: ["Qwen2ForCausalLM"],
      hidden_size: 64,
      intermediate_size: 128,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      vocab_size: 2048,
      max_position_embeddings: 4096,
      rms_norm_eps: 1e-6,
      hidden_act: "silu",
      eos_token_id: 1,
    }),
  );
  const tensors = parameterLayouts(loadConfig(folder)).flatMap(({ sources }) => sources);
  writeSafetensors(
    join(folder, "model.safetensors"),
    tensors.map(({ name, shape }) => ({
      name,
      shape,
      data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
    })),
  );
}

const SHAPE = { hidden: 32, inner: 64, layers: 2, heads: 4, pairs: 2 };

/** Writes a Llama of random weights with a tokenizer of all bytes, which knows any text. */
export function writeByteModel(folder: string, vocab_size = 1024): void {
  mkdirSync(folder, { recursive: true });
  const save = (name: string, value: unknown) => writeFileSync(join(folder, name), JSON.stringify(value));
  const isPlain = (byte: number) => byte >= 33 && byte <= 126 || byte >= 161 && byte !== 173;
  let moved = 256;
  const bytes = [...Array(256).keys()].map((byte) => String.fromCodePoint(isPlain(byte) ? byte : moved++));
  const vocab = Object.fromEntries(bytes.map((token, id) => [token, id]));
  const end = { id: 256, content: "<|end|>", special: true };
  save("tokenizer.json", {
    added_tokens: [{ ...end, single_word: false, lstrip: false, rstrip: false, normalized: false }],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", vocab, merges: [] },
  });
  save("tokenizer_config.json", {
    eos_token: end.content,
    chat_template: "{% for m in messages %}{{ m.role }}: {{ m.content }}<|end|>\n{% endfor %}assistant: ",
  });
  const { hidden, inner, layers, heads, pairs } = SHAPE;
  save("config.json", {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    hidden_size: hidden,
    intermediate_size: inner,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: pairs,
    vocab_size,
    max_position_embeddings: 4096,
    rms_norm_eps: 1e-6,
    rope_theta: 10000,
    hidden_act: "silu",
    tie_word_embeddings: true,
    bos_token_id: null,
    eos_token_id: end.id,
  });
  const random = new Random(1);
  const matrix = (name: string, rows: number, columns: number) => ({
    name: `model.${name}.weight`,
    shape: [rows, columns],
    data: Float32Array.from({ length: rows * columns }, () => (random.real() - 0.5) / Math.sqrt(columns)),
  });
  const ones = (name: string) => ({
    name: `model.${name}.weight`,
    shape: [hidden],
    data: new Float32Array(hidden).fill(1),
  });
  const side = hidden * pairs / heads;
  const blocks = Array.from({ length: layers }, (_, i) => `layers.${i}`).flatMap((layer) => [
    ones(`${layer}.input_layernorm`),
    matrix(`${layer}.self_attn.q_proj`, hidden, hidden),
    matrix(`${layer}.self_attn.k_proj`, side, hidden),
    matrix(`${layer}.self_attn.v_proj`, side, hidden),
    matrix(`${layer}.self_attn.o_proj`, hidden, hidden),
    ones(`${layer}.post_attention_layernorm`),
    matrix(`${layer}.mlp.gate_proj`, inner, hidden),
    matrix(`${layer}.mlp.up_proj`, inner, hidden),
    matrix(`${layer}.mlp.down_proj`, hidden, inner),
  ]);
  writeSafetensors(join(folder, "model.safetensors"), [
    matrix("embed_tokens", vocab_size, hidden),
    ...blocks,
    ones("norm"),
  ]);
}
