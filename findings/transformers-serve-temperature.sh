#!/usr/bin/env bash
# transformers serve 5.24.0 (torch 2.13.0): the temperature of a request is taken and has no effect unless the model's
# own generation_config.json has "do_sample": true (cli/serving/utils.py writes generation_config.temperature and never
# do_sample, except false for temperature 0). Many published models have no such line: their answers at temperature 1.5
# are greedy, whatever the seed, and nothing says so.
#
# Seen: one answer for four seeds at temperature 1.5 without the line, four different ones with it.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile transformers==5.24.0 torch==2.13.0 accelerate==1.15.0
venv/bin/pip install --quiet --no-compile fastapi==0.165.0 uvicorn==0.54.0 openai==3.57.0 rich requests pydantic
cat > make.py <<'PY'
import json, os, torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

words = {word: i for i, word in enumerate(["<unk>", "</s>", *(f"w{i}" for i in range(62))])}
made = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
made.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, unk_token="<unk>", eos_token="</s>", pad_token="</s>")
tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }} {% endfor %}"
torch.manual_seed(0)
model = LlamaForCausalLM(LlamaConfig(vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
    num_attention_heads=2, num_key_value_heads=2, bos_token_id=None, eos_token_id=1, pad_token_id=1))
for name in ["plain", "sampling"]:
    model.save_pretrained(name)
    tokenizer.save_pretrained(name)
    config = {"eos_token_id": 1, "pad_token_id": 1, **({"do_sample": True} if name == "sampling" else {})}
    json.dump(config, open(f"{name}/generation_config.json", "w"))
PY
HF_HUB_OFFLINE=1 venv/bin/python make.py 2> /dev/null
for model in plain sampling; do
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  HF_HUB_OFFLINE=1 venv/bin/transformers serve "$folder/$model" --device cpu --host 127.0.0.1 --port "$port" > log 2>&1 &
  server=$!
  for _ in $(seq 600); do
    python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:$port/v1/models')" 2> /dev/null && break
    sleep 1
  done
  python3 - "$folder/$model" "$port" <<'PY'
import json, sys, urllib.request
path, port = sys.argv[1:]
answers = []
for seed in range(4):
    body = {"model": path, "messages": [{"role": "user", "content": "w1 w2"}], "temperature": 1.5, "seed": seed, "max_tokens": 12}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/chat/completions", json.dumps(body).encode(),
        {"content-type": "application/json"})
    answers.append(json.load(urllib.request.urlopen(request))["choices"][0]["message"]["content"])
print(path.split("/")[-1], len(set(answers)), "different answers to 4 seeds at temperature 1.5")
assert len(set(answers)) == (1 if path.endswith("plain") else 4), answers
PY
  kill "$server"
  wait "$server" || true
  server=
done
