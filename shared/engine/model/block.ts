// What a block of the model consists of. Its parameters are listed here once, for loading, training and saving;
// forward, backward and decode read the same from `LayerWeights`: whether there is a bias, for instance.

import type { ModelConfig } from "./config.ts";
import { matrixLayout, type ParameterLayout, vectorLayout } from "./layout.ts";

/** The name of the bias of a matrix, in blocks that have one. */
export const biasOf = (name: string) => `${name}_bias`;

/**
 * The parameters of a block in order, by the names of `LayerWeights`; `prefix` begins Hugging Face's names. Of joined
 * matrices all have a bias, or none.
 */
export function blockLayouts(config: ModelConfig, prefix = ""): ParameterLayout[] {
  const { hidden_size: hidden, intermediate_size: inner, head_dim } = config;
  const q = config.num_attention_heads * head_dim;
  const kv = config.num_key_value_heads * head_dim;
  const norm = (name: string, size: number, module = name) =>
    vectorLayout(name, [[`${prefix}${module}.weight`, size]]);
  const linear = (name: string, inputs: number, outputs: [string, number][], bias: boolean) => {
    const tensors = (kind: string) =>
      outputs.map(([module, size]): [string, number] => [`${prefix}${module}.${kind}`, size]);
    const matrix = matrixLayout(name, inputs, tensors("weight"));
    return bias ? [matrix, vectorLayout(biasOf(name), tensors("bias"))] : [matrix];
  };
  const qkv: [string, number][] = [["q_proj", q], ["k_proj", kv], ["v_proj", kv]];
  return [
    norm("input_layernorm", hidden),
    ...linear("qkv", hidden, qkv.map(([name, size]) => [`self_attn.${name}`, size]), config.qkv_bias),
    ...(config.qk_norm ? ["q_norm", "k_norm"].map((name) => norm(name, head_dim, `self_attn.${name}`)) : []),
    ...linear("o_proj", q, [["self_attn.o_proj", hidden]], config.o_bias),
    norm("post_attention_layernorm", hidden),
    ...linear("gate_up", hidden, [["mlp.gate_proj", inner], ["mlp.up_proj", inner]], config.mlp_bias),
    ...linear("down_proj", inner, [["mlp.down_proj", hidden]], config.mlp_bias),
  ];
}
