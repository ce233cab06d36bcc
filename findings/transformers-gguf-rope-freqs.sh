#!/usr/bin/env bash
# transformers 5.24.0 passes over rope_freqs.weight of a GGUF file, in which llama.cpp's converter puts Llama 3's scaling of
# RoPE (what each frequency is divided by): a Llama 3.1 or 3.2 model read from GGUF computes with plain RoPE and differs from
# the same model read from its safetensors, and from llama.cpp. No message says so.
#
# Seen: rope_type default, and the same logits to the last bit with factors up to 32 and without the tensor.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile torch==2.13.0 transformers==5.24.0 gguf==0.19.0 accelerate==1.15.0
cat > run.py <<'PY'
import gguf, torch
import numpy as np
from transformers import AutoModelForCausalLM

MATRICES = dict(attn_q=(64, 64), attn_k=(64, 64), attn_v=(64, 64), attn_output=(64, 64), ffn_gate=(96, 64), ffn_up=(96, 64), ffn_down=(64, 96))

def write(path, factors):
    random, file = np.random.default_rng(1), gguf.GGUFWriter(path, "llama")
    sizes = dict(block_count=1, context_length=131072, embedding_length=64, feed_forward_length=96, head_count=2, head_count_kv=2, vocab_size=50)
    for key, value in sizes.items():
        getattr(file, f"add_{key}")(value)
    file.add_rope_dimension_count(32)
    file.add_rope_freq_base(500000.0)
    file.add_layer_norm_rms_eps(1e-5)
    add = lambda name, values: file.add_tensor(f"{name}.weight", values.astype(np.float32))
    for name, shape in dict(token_embd=(50, 64), output=(50, 64), **{f"blk.0.{name}": shape for name, shape in MATRICES.items()}).items():
        add(name, random.normal(0, 0.3, shape))
    for name in ["output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"]:
        add(name, np.ones(64))
    if factors:
        add("rope_freqs", np.array(factors))
    file.write_header_to_file(); file.write_kv_data_to_file(); file.write_tensors_to_file(); file.close()

def logits(name, factors):
    write(f"{name}.gguf", factors)
    assert ("rope_freqs.weight" in [tensor.name for tensor in gguf.GGUFReader(f"{name}.gguf").tensors]) == bool(factors)
    model = AutoModelForCausalLM.from_pretrained(".", gguf_file=f"{name}.gguf", dtype=torch.float32).eval()
    print(name, model.config.rope_parameters)
    with torch.no_grad():
        return model(torch.arange(3, 43)[None]).logits

plain, scaled = logits("without", None), logits("with", [1.0] * 6 + [4.0] * 4 + [32.0] * 6)
print("largest difference of logits:", (plain - scaled).abs().max().item())
assert torch.equal(plain, scaled)
PY
venv/bin/python run.py 2> /dev/null
