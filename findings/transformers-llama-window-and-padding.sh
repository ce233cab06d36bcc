#!/usr/bin/env bash
# transformers 5.24.0 with torch 2.13.0, three things that a Llama's config.json does beyond its forward pass:
# - sliding_window, which Llama's attention does not read, is read by the cache of generate(): it forgets, so that greedy
#   ids with use_cache=True (the default) and False differ, while logits of a forward are those without the key.
# - is_causal: null makes attention see both ways, as false does; absent, it is causal.
# - pad_token_id equal to eos_token_id, as in SmolLM2, keeps the input embedding of the end token without a gradient.
#
# Seen: other ids with a cache of 8, other logits with is_causal null, a gradient of 0 for the padding token's row.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile transformers==5.24.0 torch==2.13.0
cat > run.py <<'PY'
import json, torch
from transformers import AutoModelForCausalLM, LlamaConfig

torch.manual_seed(0)
sizes = dict(hidden_size=32, intermediate_size=44, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=128, vocab_size=67)
plain = LlamaConfig(**sizes, initializer_range=0.25, bos_token_id=None, eos_token_id=None)
AutoModelForCausalLM.from_config(plain).save_pretrained("model")
written = json.load(open("model/config.json"))
ids = torch.randint(3, 67, (1, 40))

def load(**more):
    json.dump({**written, **more}, open("model/config.json", "w"))
    return AutoModelForCausalLM.from_pretrained("model", attn_implementation="eager").eval()

def greedy(model, use_cache):
    return model.generate(ids, max_new_tokens=12, do_sample=False, use_cache=use_cache)[0, 40:].tolist()

base, window, both_ways = load(), load(sliding_window=8), load(is_causal=None)
with torch.no_grad():
    assert torch.equal(base(ids).logits, window(ids).logits)
    assert not torch.allclose(base(ids).logits, both_ways(ids).logits, atol=1e-2)
assert greedy(base, True) == greedy(base, False) == greedy(window, False)
print("sliding_window 8, with cache:", greedy(window, True), "- without:", greedy(window, False))
assert greedy(window, True) != greedy(window, False)

padded = load(pad_token_id=5, eos_token_id=5).train()
tokens = torch.tensor([[3, 5, 7, 5, 9]])
padded(tokens, labels=tokens).loss.backward()
rows = padded.model.embed_tokens.weight.grad[[3, 5, 7]].norm(dim=-1)
print("norms of the gradients of input embeddings 3, 5 (padding and end), 7:", rows.tolist())
assert rows[1] == 0 and rows[0] > 0 and rows[2] > 0
PY
venv/bin/python run.py 2> /dev/null
