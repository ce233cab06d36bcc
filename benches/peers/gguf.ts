// A Llama directory in the Hugging Face layout, with llama2.c's tokenizer, as the GGUF file that llama.cpp
// reads: f32 tensors, tied head. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { WeightFiles } from "#shared/io/weights.ts";
import { loadConfig } from "#shared/engine/model/load.ts";
import { writeGguf as write } from "#shared/io/gguf_writer.ts";
import { tensorsOf } from "../../trainer/gguf/export_gguf.ts";

export function writeGguf(directory: string, path: string): void {
  const config = loadConfig(directory);
  const { pieces, scores } = readPieces(join(directory, "tok512.bin"));
  const files = new WeightFiles(directory);
  write(path, [
    ["general.architecture", { string: "llama" }],
    ["llama.context_length", { u32: config.max_position_embeddings }],
    ["llama.embedding_length", { u32: config.hidden_size }],
    ["llama.block_count", { u32: config.num_hidden_layers }],
    ["llama.feed_forward_length", { u32: config.intermediate_size }],
    ["llama.attention.head_count", { u32: config.num_attention_heads }],
    ["llama.attention.head_count_kv", { u32: config.num_key_value_heads }],
    ["llama.attention.layer_norm_rms_epsilon", { f32: config.rms_norm_eps }],
    ["llama.rope.dimension_count", { u32: config.head_dim }],
    ["llama.rope.freq_base", { f32: config.rope_theta }],
    ["tokenizer.ggml.model", { string: "llama" }],
    ["tokenizer.ggml.tokens", { strings: pieces }],
    ["tokenizer.ggml.scores", { f32s: scores }],
    ["tokenizer.ggml.token_type", { i32s: pieces.map(typeOf) }],
    ["tokenizer.ggml.bos_token_id", { u32: 1 }],
    ["tokenizer.ggml.eos_token_id", { u32: 2 }],
    ["tokenizer.ggml.unknown_token_id", { u32: 0 }],
  ], tensorsOf(config, "llama", "F32", files));
  files.close();
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
