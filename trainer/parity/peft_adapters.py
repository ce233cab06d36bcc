"""Writes fixtures/peft/: adapters as the PEFT library saves them, and the log-probs that it computes with them.

Run: python peft_adapters.py    (made with torch 2.13.0, transformers 5.23.0 and peft 0.21.2)
"""
import json
import pathlib

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

HERE = pathlib.Path(__file__).parent / "fixtures/peft"
BASE = pathlib.Path(__file__).parents[2] / "shared/engine/model/fixtures/qwen2"

torch.manual_seed(0)
base = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32).eval()
config = LoraConfig(r=4, lora_alpha=6, target_modules=["q_proj", "v_proj", "gate_proj", "down_proj"], task_type="CAUSAL_LM")
model = get_peft_model(base, config).eval()
with torch.no_grad():
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.normal_(0, 0.2)
    ids = torch.randint(3, 67, (24,)).tolist()
    scores = torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), -1)
    logprobs = [scores[t - 1, ids[t]].item() for t in range(1, len(ids))]
model.save_pretrained(HERE)
(HERE / "README.md").unlink(missing_ok=True)
path = HERE / "adapter_config.json"
settings = json.loads(path.read_text())
settings["base_model_name_or_path"] = "qwen2"
settings["target_modules"] = sorted(settings["target_modules"])  # a set, in another order in every process
path.write_text(json.dumps(settings, indent=2) + "\n")
(HERE / "reference.json").write_text(json.dumps({"ids": ids, "logprobs": logprobs}) + "\n")
