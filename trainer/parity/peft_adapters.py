"""Writes fixtures/peft*/: adapters as the PEFT library saves them, and the log-probs that it computes with them.

Run: python peft_adapters.py [NAME ...]    (made with torch 2.13.0, transformers 5.23.0, peft_patterns with 5.24.0, and peft 0.21.2)
"""
import json
import pathlib
import sys

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
BASE = pathlib.Path(__file__).parents[2] / "shared/engine/model/fixtures/qwen2"
ADAPTERS = {
    "peft": LoraConfig(r=4, lora_alpha=6, target_modules=["q_proj", "v_proj", "gate_proj", "down_proj"], task_type="CAUSAL_LM"),
    # Ranks that are no multiples of 4, other ones and other alphas of some modules, and rsLoRA's scale.
    "peft_patterns": LoraConfig(
        r=5, lora_alpha=6, target_modules=["q_proj", "v_proj", "o_proj", "down_proj"], task_type="CAUSAL_LM",
        use_rslora=True, rank_pattern={r"layers\.0\.self_attn\..*": 2, "down_proj": 9}, alpha_pattern={"v_proj|o_proj": 3},
    ),
}


def make(name, config):
    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32).eval()
    model = get_peft_model(base, config).eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "lora_" in key:
                parameter.normal_(0, 0.2)
        ids = torch.randint(3, 67, (24,)).tolist()
        scores = torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), -1)
        logprobs = [scores[t - 1, ids[t]].item() for t in range(1, len(ids))]
    folder = FIXTURES / name
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_config.json"
    settings = json.loads(path.read_text())
    settings["base_model_name_or_path"] = "qwen2"
    settings["target_modules"] = sorted(settings["target_modules"])  # a set, in another order in every process
    path.write_text(json.dumps(settings, indent=2) + "\n")
    (folder / "reference.json").write_text(json.dumps({"ids": ids, "logprobs": logprobs}) + "\n")


if __name__ == "__main__":
    for name, config in ADAPTERS.items():
        if not sys.argv[1:] or name in sys.argv[1:]:
            make(name, config)
