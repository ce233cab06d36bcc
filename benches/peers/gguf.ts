// A Llama directory in the Hugging Face layout, with llama2.c's tokenizer, as the GGUF file that llama.cpp
// reads: f32 tensors, tied head. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WeightFiles } from "#shared/io/weights.ts";
import type { ModelConfig } from "#shared/engine/model/config.ts";
import { loadConfig } from "#shared/engine/model/load.ts";

const ALIGNMENT = 32;
const [U32, I32, F32, STRING, ARRAY] = [4, 5, 6, 8, 9] as const;

/** Tensors by llama.cpp's names, shapes as PyTorch counts them. */
interface Tensor {
  name: string;
  shape: readonly number[];
  data: Float32Array;
}

export function writeGguf(directory: string, path: string): void {
  const config = loadConfig(directory);
  const tensors = readTensors(directory, config);
  const { pieces, scores } = readPieces(join(directory, "tok512.bin"));
  const bytes = new Bytes();
  bytes.raw("GGUF").u32(3).u64(tensors.length);
  const facts: ((b: Bytes) => Bytes)[] = [
    (b) => b.string("general.architecture").u32(STRING).string("llama"),
    (b) => b.string("llama.context_length").u32(U32).u32(config.max_position_embeddings),
    (b) => b.string("llama.embedding_length").u32(U32).u32(config.hidden_size),
    (b) => b.string("llama.block_count").u32(U32).u32(config.num_hidden_layers),
    (b) => b.string("llama.feed_forward_length").u32(U32).u32(config.intermediate_size),
    (b) => b.string("llama.attention.head_count").u32(U32).u32(config.num_attention_heads),
    (b) => b.string("llama.attention.head_count_kv").u32(U32).u32(config.num_key_value_heads),
    (b) => b.string("llama.attention.layer_norm_rms_epsilon").u32(F32).f32(config.rms_norm_eps),
    (b) => b.string("llama.rope.dimension_count").u32(U32).u32(config.head_dim),
    (b) => b.string("llama.rope.freq_base").u32(F32).f32(config.rope_theta),
    (b) => b.string("tokenizer.ggml.model").u32(STRING).string("llama"),
    (b) => b.string("tokenizer.ggml.tokens").array(STRING, pieces, (piece) => b.string(piece)),
    (b) => b.string("tokenizer.ggml.scores").array(F32, scores, (score) => b.f32(score)),
    (b) => b.string("tokenizer.ggml.token_type").array(I32, pieces, (piece, i) => b.u32(typeOf(piece, i))),
    (b) => b.string("tokenizer.ggml.bos_token_id").u32(U32).u32(1),
    (b) => b.string("tokenizer.ggml.eos_token_id").u32(U32).u32(2),
    (b) => b.string("tokenizer.ggml.unknown_token_id").u32(U32).u32(0),
  ];
  bytes.u64(facts.length);
  for (const fact of facts) fact(bytes);
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    bytes.string(name).u32(shape.length);
    for (const size of shape.toReversed()) bytes.u64(size);
    bytes.u32(0).u64(offset); // type 0 is f32
    offset += Math.ceil(data.byteLength / ALIGNMENT) * ALIGNMENT;
  }
  for (const { data } of tensors) bytes.align().floats(data);
  writeFileSync(path, bytes.all());
}

function readTensors(directory: string, config: ModelConfig): Tensor[] {
  const files = new WeightFiles(directory);
  const { hidden_size: hidden, intermediate_size: inner, vocab_size, head_dim } = config;
  const [q, kv] = [config.num_attention_heads * head_dim, config.num_key_value_heads * head_dim];
  const read = (name: string, hf: string, shape: number[]) => ({ name, shape, data: files.read(hf, shape) });
  const tensors = [
    read("token_embd.weight", "model.embed_tokens.weight", [vocab_size, hidden]),
    read("output_norm.weight", "model.norm.weight", [hidden]),
  ];
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const of = (name: string, hf: string, shape: number[]) =>
      read(`blk.${i}.${name}.weight`, `model.layers.${i}.${hf}.weight`, shape);
    tensors.push(
      of("attn_norm", "input_layernorm", [hidden]),
      pairsTogether(of("attn_q", "self_attn.q_proj", [q, hidden]), head_dim),
      pairsTogether(of("attn_k", "self_attn.k_proj", [kv, hidden]), head_dim),
      of("attn_v", "self_attn.v_proj", [kv, hidden]),
      of("attn_output", "self_attn.o_proj", [hidden, q]),
      of("ffn_norm", "post_attention_layernorm", [hidden]),
      of("ffn_gate", "mlp.gate_proj", [inner, hidden]),
      of("ffn_up", "mlp.up_proj", [inner, hidden]),
      of("ffn_down", "mlp.down_proj", [hidden, inner]),
    );
  }
  files.close();
  return tensors;
}

/** RoPE turns rows i and i + half of a head in Hugging Face's layout, 2i and 2i + 1 in that of llama.cpp's Llama. */
function pairsTogether({ name, shape, data }: Tensor, headDim: number) {
  const [rows, cols] = shape as [number, number];
  const moved = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const inHead = row % headDim;
    const half = headDim / 2;
    const target = row - inHead + (inHead % half) * 2 + Math.floor(inHead / half);
    moved.set(data.subarray(row * cols, (row + 1) * cols), target * cols);
  }
  return { name, shape: [rows, cols], data: moved };
}

/** The longest length, then score (f32), length (i32) and bytes of every piece. */
function readPieces(path: string): { pieces: string[]; scores: number[] } {
  const file = readFileSync(path);
  const [pieces, scores]: [string[], number[]] = [[], []];
  for (let at = 4; at < file.length;) {
    const length = file.readInt32LE(at + 4);
    scores.push(file.readFloatLE(at));
    pieces.push(file.toString("utf8", at + 8, at + 8 + length).replaceAll(" ", "▁"));
    at += 8 + length;
  }
  return { pieces, scores };
}

/** Unknown, control, byte or normal. */
function typeOf(piece: string, id: number): number {
  return id === 0 ? 2 : id < 3 ? 3 : /^<0x..>$/.test(piece) ? 6 : 1;
}

/** Little-endian bytes, appended. */
class Bytes {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  raw(data: string | Uint8Array): this {
    const part = typeof data === "string" ? new TextEncoder().encode(data) : data;
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }

  u32(value: number): this {
    return this.raw(new Uint8Array(Uint32Array.of(value).buffer));
  }

  u64(value: number): this {
    return this.raw(new Uint8Array(BigUint64Array.of(BigInt(value)).buffer));
  }

  f32(value: number): this {
    return this.raw(new Uint8Array(Float32Array.of(value).buffer));
  }

  floats(data: Float32Array): this {
    return this.raw(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }

  string(text: string): this {
    const data = new TextEncoder().encode(text);
    return this.u64(data.length).raw(data);
  }

  array<T>(type: number, items: readonly T[], write: (item: T, index: number) => void): this {
    this.u32(ARRAY).u32(type).u64(items.length);
    items.forEach(write);
    return this;
  }

  align(): this {
    return this.raw(new Uint8Array((ALIGNMENT - this.#length % ALIGNMENT) % ALIGNMENT));
  }

  all(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#parts));
  }
}
