"""Makes tiny models with the keys of published config.json files, and what transformers computes with them, for
published_configs.ts.

    python trainer/parity/published_configs.py OUT     (torch 2.13 and transformers 5.24; half a minute)

Sizes are small, weights random; all other keys are as in the published files, but for lengths divided so that they act
within 72 tokens. A model that transformers does not load as a causal language model of ours has no reference.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.utils import logging

SIZES = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4, vocab_size=131)
LLAMA = dict(
    architectures=["LlamaForCausalLM"], model_type="llama", hidden_act="silu", initializer_range=0.02, rms_norm_eps=1e-5,
    pretraining_tp=1, use_cache=True, torch_dtype="bfloat16", transformers_version="4.40.0", tie_word_embeddings=False,
    bos_token_id=128, eos_token_id=129, num_key_value_heads=2, max_position_embeddings=8192, rope_theta=500000.0, rope_scaling=None,
    attention_bias=False, attention_dropout=0.0,
)
OLD_LLAMA = {**LLAMA, "bos_token_id": 1, "eos_token_id": 2, "num_key_value_heads": 4, "rope_theta": 10000.0, "max_position_embeddings": 4096}
LLAMA3 = dict(factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64, rope_type="llama3")
MISTRAL = dict(
    architectures=["MistralForCausalLM"], model_type="mistral", hidden_act="silu", initializer_range=0.02, rms_norm_eps=1e-5,
    use_cache=True, torch_dtype="bfloat16", transformers_version="4.34.0.dev0", tie_word_embeddings=False, bos_token_id=1,
    eos_token_id=2, num_key_value_heads=2, max_position_embeddings=32768, rope_theta=10000.0, sliding_window=24,
)
QWEN2 = dict(
    architectures=["Qwen2ForCausalLM"], model_type="qwen2", hidden_act="silu", initializer_range=0.02, rms_norm_eps=1e-6,
    use_cache=True, torch_dtype="bfloat16", transformers_version="4.43.1", tie_word_embeddings=True, bos_token_id=120,
    eos_token_id=121, num_key_value_heads=2, max_position_embeddings=32768, rope_theta=1000000.0, sliding_window=32768,
    max_window_layers=21, use_sliding_window=False, attention_dropout=0.0,
)
QWEN3 = {
    **QWEN2, "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "head_dim": 32, "attention_bias": False,
    "max_position_embeddings": 40960, "rope_scaling": None, "sliding_window": None, "max_window_layers": 28, "transformers_version": "4.51.0",
}
YARN = dict(factor=4.0, original_max_position_embeddings=64, type="yarn")
OF_V5 = lambda own: {k: v for k, v in own.items() if k not in ("rope_theta", "rope_scaling", "torch_dtype")} | {"dtype": "bfloat16", "transformers_version": "5.2.0"}

CONFIGS = {
    "llama-7b of 2023": {**OLD_LLAMA, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": -1, "max_sequence_length": 2048, "num_key_value_heads": None},
    "Llama-2-7b-hf": OLD_LLAMA,
    "Llama-2-70b-chat-hf": {**OLD_LLAMA, "num_key_value_heads": 2},
    "CodeLlama-7b": {**OLD_LLAMA, "rope_theta": 1000000, "max_position_embeddings": 16384},
    "vicuna-7b-v1.5-16k": {**OLD_LLAMA, "rope_scaling": {"factor": 4.0, "type": "linear"}, "max_sequence_length": 16384},
    "deepseek-coder-1.3b": {**OLD_LLAMA, "rope_scaling": {"factor": 4.0, "type": "linear"}, "rope_theta": 100000, "max_position_embeddings": 16384},
    "a dynamic NTK Llama": {**OLD_LLAMA, "rope_scaling": {"factor": 2.0, "type": "dynamic"}},
    "Yarn-Llama-2-7b-64k": {**OLD_LLAMA, "rope_scaling": {"factor": 16.0, "original_max_position_embeddings": 64, "type": "yarn", "finetuned": True}},
    "TinyLlama-1.1B-Chat": {**OLD_LLAMA, "num_key_value_heads": 1, "max_position_embeddings": 2048},
    "Yi-6B": {**OLD_LLAMA, "rope_theta": 5000000.0, "pad_token_id": 0},
    "Meta-Llama-3-8B-Instruct": LLAMA,
    "Llama-3.1-8B-Instruct": {**LLAMA, "eos_token_id": [129, 130, 127], "rope_scaling": LLAMA3, "max_position_embeddings": 131072, "mlp_bias": False},
    "Llama-3.2-1B": {**LLAMA, "rope_scaling": {**LLAMA3, "factor": 32.0}, "tie_word_embeddings": True, "head_dim": 16, "max_position_embeddings": 131072, "mlp_bias": False},
    "Llama-3.3-70B, saved by transformers 5": {**OF_V5(LLAMA), "rope_parameters": {**LLAMA3, "rope_theta": 500000.0}, "max_position_embeddings": 131072},
    "DeepSeek-R1-Distill-Llama-8B": {**LLAMA, "rope_scaling": LLAMA3, "max_position_embeddings": 131072, "mlp_bias": False},
    "SmolLM-135M": {**OLD_LLAMA, "tie_word_embeddings": True, "rope_interleaved": False, "is_llama_config": True},
    "SmolLM2-135M-Instruct": {**OLD_LLAMA, "tie_word_embeddings": True, "rope_theta": 100000, "pad_token_id": 2, "is_llama_config": True, "rope_interleaved": False, "transformers.js_config": {"dtype": "q4"}},
    "a Llama with biases": {**LLAMA, "attention_bias": True, "mlp_bias": True},
    "a Llama with rope_parameters beside rope_scaling": {**LLAMA, "rope_scaling": LLAMA3, "rope_parameters": {"rope_type": "default", "rope_theta": 100.0}},
    "SmolLM3-3B": {
        **{k: v for k, v in LLAMA.items() if k != "bos_token_id"}, "architectures": ["SmolLM3ForCausalLM"], "model_type": "smollm3", "no_rope_layer_interval": 2,
        "no_rope_layers": [1, 0, 1], "layer_types": ["full_attention"] * 3, "sliding_window": None, "use_sliding_window": False,
        "max_window_layers": 28, "mlp_bias": False, "pad_token_id": 0, "rope_theta": 5000000.0, "tie_word_embeddings": True,
    },
    "Mistral-7B-v0.1": MISTRAL,
    "zephyr-7b-beta": {**MISTRAL, "_name_or_path": "mistralai/Mistral-7B-v0.1", "pad_token_id": 2},
    "Mistral-7B-Instruct-v0.3": {**MISTRAL, "sliding_window": None, "rope_theta": 1000000.0},
    "Mistral-Nemo-Base-2407": {**MISTRAL, "sliding_window": None, "head_dim": 32, "rope_theta": 1000000.0, "max_position_embeddings": 128000},
    "Qwen1.5-0.5B": {**QWEN2, "_name_or_path": "Qwen/Qwen1.5-0.5B", "transformers_version": "4.42.0.dev0"},
    "Qwen2.5-0.5B-Instruct": QWEN2,
    "Qwen2.5-7B-Instruct with YaRN": {**QWEN2, "tie_word_embeddings": False, "rope_scaling": YARN},
    "Qwen2.5-Math-1.5B": {**QWEN2, "max_position_embeddings": 4096, "rope_theta": 10000, "use_mrope": False, "sliding_window": 4096},
    "DeepSeek-R1-Distill-Qwen-1.5B": {**QWEN2, "tie_word_embeddings": False, "use_mrope": False, "max_position_embeddings": 131072, "rope_theta": 10000, "sliding_window": 4096},
    "a Qwen2 with a window in its last layer": {**QWEN2, "use_sliding_window": True, "sliding_window": 16, "max_window_layers": 2},
    "Qwen3-0.6B": QWEN3,
    "Qwen3-8B with YaRN": {**QWEN3, "tie_word_embeddings": False, "rope_scaling": {**YARN, "rope_type": "yarn"}},
    "Qwen3-4B-Instruct-2507, saved by transformers 5": {**OF_V5(QWEN3), "rope_parameters": {"rope_type": "default", "rope_theta": 5000000}, "layer_types": ["full_attention"] * 3},
    "Qwen2.5-7B-Instruct-AWQ": {**QWEN2, "quantization_config": {"bits": 4, "group_size": 128, "quant_method": "awq", "version": "gemm", "zero_point": True}},
    "a Llama with LongRoPE": {**LLAMA, "rope_scaling": {"rope_type": "longrope", "short_factor": [1.0] * 8, "long_factor": [2.0] * 8, "factor": 4.0, "original_max_position_embeddings": 64}},
    "a bidirectional Llama": {**LLAMA, "is_causal": False},
    "gemma-2-2b": {**LLAMA, "architectures": ["Gemma2ForCausalLM"], "model_type": "gemma2", "hidden_activation": "gelu_pytorch_tanh", "head_dim": 16},
    "Phi-3-mini-4k": {**LLAMA, "architectures": ["Phi3ForCausalLM"], "model_type": "phi3", "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2},
    "Mixtral-8x7B": {**MISTRAL, "architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "num_local_experts": 2, "num_experts_per_tok": 1, "sliding_window": None},
    "OLMo-2": {**LLAMA, "architectures": ["Olmo2ForCausalLM"], "model_type": "olmo2", "pad_token_id": 0},
}
TOKENS = 24


def make(folder, own):
    folder.mkdir(parents=True, exist_ok=True)
    config = {**SIZES, **own}
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    # Random weights of the shapes that transformers wants, without what cannot be made.
    shapes = {k: v for k, v in config.items() if k != "quantization_config"}
    (folder / "plain").mkdir(exist_ok=True)
    (folder / "plain/config.json").write_text(json.dumps(shapes))
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder / "plain"), dtype=torch.float32)
    with torch.no_grad():
        state = {}
        for name, parameter in model.named_parameters():
            state[name] = parameter.uniform_(0.5, 1.5) if "norm" in name else parameter.normal_(0, 0.2)
    save_file({k: v.contiguous() for k, v in state.items()}, folder / "model.safetensors")
    if "quantization_config" in own:
        return None
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    prompt = torch.randint(3, SIZES["vocab_size"] - 10, (48,)).tolist()
    ids, logprobs = list(prompt), []
    with torch.no_grad():
        for _ in range(TOKENS):
            scores = torch.log_softmax(model(torch.tensor([ids])).logits[0, -1].double(), -1)
            ids.append(int(scores.argmax()))
            logprobs.append(scores.max().item())
    return {"prompt_ids": prompt, "ids": ids[len(prompt):], "logprobs": logprobs}


if __name__ == "__main__":
    logging.set_verbosity_error()
    out = Path(sys.argv[1])
    index = []
    for i, (name, own) in enumerate(CONFIGS.items()):
        reference = make(out / f"{i:02}", own)
        index.append({"name": name, "folder": f"{i:02}", "reference": reference})
    (out / "index.json").write_text(json.dumps(index))
    print(len(index), "models")
